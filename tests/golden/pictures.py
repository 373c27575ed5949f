"""
Writes pictures.json: small PNG and JPEG files of every kind, and what the Python Imaging Library shows of each.

    python3 tests/golden/pictures.py && deno fmt tests/golden/pictures.json

PNG files are built here, byte by byte, as PIL writes neither interlaced ones nor few bits; JPEG files are PIL's.
Made with Pillow 9.4.0 (libjpeg-turbo).
"""
import base64
import io
import json
import os
import random
import struct
import zlib

from PIL import Image, ImageOps

random.seed(12)
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack(samples, depth):
    bits = "".join(format(s, f"0{depth}b") for s in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def scanlines(rows, depth, channels):
    """Every filter in turn."""
    out, before, bpp = b"", None, max(1, depth * channels // 8)
    for y, row in enumerate(rows):
        raw = pack([s for pixel in row for s in pixel], depth)
        up = before or bytes(len(raw))
        left = bytes(bpp) + raw[:-bpp] if len(raw) > bpp else bytes(len(raw))
        corner = bytes(bpp) + up[:-bpp] if len(raw) > bpp else bytes(len(raw))
        kind = y % 5

        def paeth(a, b, c):
            p = a + b - c
            return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]

        guess = [
            lambda a, b, c: 0, lambda a, b, c: a, lambda a, b, c: b, lambda a, b, c: (a + b) // 2, paeth,
        ][kind]
        out += bytes([kind]) + bytes((x - guess(a, b, c)) % 256 for x, a, b, c in zip(raw, left, up, corner))
        before = raw
    return out


def png(colour, depth, interlaced, size, *, before=b"", palette=None, splits=1):
    width, height = size
    top = len(palette) // 3 if colour == 3 else 2 ** depth
    pixels = [[[random.randrange(top) for _ in range(CHANNELS[colour])] for _ in range(width)] for _ in range(height)]
    data = b""
    for x, y, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        rows = [row[x::dx] for row in pixels[y::dy]]
        if rows and rows[0]:
            data += scanlines(rows, depth, CHANNELS[colour])
    data = zlib.compress(data)
    step = -(-len(data) // splits)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    plte = chunk(b"PLTE", palette) if palette else b""
    idat = b"".join(chunk(b"IDAT", data[i:i + step]) for i in range(0, len(data), step))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + plte + before + idat + chunk(b"IEND", b"")


def exif(orientation):
    data = Image.Exif()
    data[0x0112] = orientation
    return data.tobytes()


def jpeg(size, mode, **options):
    small = Image.effect_noise((6, 4), 90).convert(mode)
    if mode == "RGB":
        small = Image.merge("RGB", [Image.effect_noise((6, 4), 90) for _ in range(3)])
    out = io.BytesIO()
    small.resize(size, Image.BICUBIC).save(out, "JPEG", **options)
    return out.getvalue()


def shown(data):
    image = Image.open(io.BytesIO(data))
    deep = image.mode.startswith("I")
    image = ImageOps.exif_transpose(image)
    if deep:  # convert() would clip 16 bits of grey to 8: what is shown is their upper byte
        key = image.info.get("transparency")
        values = list(image.getdata())
        return image.size, bytes(v >> 8 for v in values), bytes(0 if v == key else 255 for v in values)
    rgba = image.convert("RGBA")
    return image.size, rgba.convert("RGB").convert("L").tobytes(), rgba.getchannel("A").tobytes()


files = {}
for colour, depths in [(0, [1, 2, 4, 8, 16]), (2, [8, 16]), (3, [1, 2, 4, 8]), (4, [8, 16]), (6, [8, 16])]:
    for depth in depths:
        for interlaced in [False, True]:
            for size in [(13, 9), (1, 1), (3, 2)]:
                palette = bytes(random.randrange(256) for _ in range(3 * 2 ** depth)) if colour == 3 else None
                name = f"png {colour} {depth} bits {'Adam7 ' if interlaced else ''}{size[0]} x {size[1]}"
                files[name] = png(colour, depth, interlaced, size, palette=palette)
SIZE = (11, 7)
for colours in [1, 16, 256]:
    proposal = bytes(random.randrange(256) for _ in range(3 * colours))
    files[f"png 2 with PLTE of {colours}"] = png(2, 8, False, SIZE, palette=proposal)
    files[f"png 6 with PLTE of {colours}"] = png(6, 8, False, SIZE, palette=proposal)
files["png 3 with tRNS"] = png(3, 4, True, SIZE, palette=bytes(range(48)), before=chunk(b"tRNS", bytes([0, 99, 255, 7])))
files["png 0 with tRNS"] = png(0, 8, False, (40, 30), before=chunk(b"tRNS", struct.pack(">H", 77)))
files["png 2 with tRNS"] = png(2, 8, False, SIZE, before=chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3)))
files["png with gamma, colours of its own and words"] = png(
    2, 8, False, SIZE,
    before=chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"cHRM", bytes(32)) + chunk(b"sRGB", b"\0") +
    chunk(b"tEXt", b"Comment\0hello") + chunk(b"pHYs", struct.pack(">IIB", 1, 1, 0)) + chunk(b"tIME", bytes(7)))
files["png in 20 pieces"] = png(6, 8, False, SIZE, splits=20)
for orientation in range(1, 9):
    tiff = exif(orientation)[6:]
    files[f"png turned {orientation}"] = png(0, 8, False, (5, 3), before=chunk(b"eXIf", tiff))
    files[f"jpeg turned {orientation}"] = jpeg((40, 24), "RGB", quality=90, exif=exif(orientation))
for subsampling in [0, 1, 2]:
    for progressive in [False, True]:
        name = f"jpeg {['4:4:4', '4:2:2', '4:2:0'][subsampling]}{' progressive' if progressive else ''}"
        files[name] = jpeg((37, 29), "RGB", quality=80, subsampling=subsampling, progressive=progressive)
files["jpeg grey"] = jpeg((37, 29), "L", quality=80)
files["jpeg grey progressive"] = jpeg((37, 29), "L", quality=80, progressive=True)
files["jpeg 1 x 1"] = jpeg((1, 1), "RGB", quality=80)
files["jpeg of low quality"] = jpeg((37, 29), "RGB", quality=5)
files["jpeg with a profile and a comment"] = jpeg(
    (37, 29), "RGB", quality=80, icc_profile=bytes(70000), comment=b"hello", exif=exif(6))
files["jpeg with a film behind it"] = jpeg((37, 29), "RGB", quality=80) + b"ftypmp42" * 20
files["jpeg with restarts"] = jpeg((37, 29), "RGB", quality=80, optimize=True)

b64 = lambda data: base64.b64encode(data).decode()
pictures = []
for name, data in files.items():
    (width, height), grey, alpha = shown(data)
    pictures.append(dict(name=name, file=b64(data), width=width, height=height, grey=b64(grey), alpha=b64(alpha)))
with open(os.path.join(os.path.dirname(__file__), "pictures.json"), "w") as out:
    out.write("[\n" + ",\n".join(json.dumps(picture) for picture in pictures) + "\n]\n")
print(len(pictures), "pictures")
