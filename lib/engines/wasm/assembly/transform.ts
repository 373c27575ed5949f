// Images that are shifted, turned and scaled, as lib/data/transform.ts defines it.

const ONE: i32 = 65536;

// into [height,width] = from [height,width], both bytes, by the transform int32 [6]: a b c d e f. The pixel at column x and
// row y is read at
//
//   u = a x + b y + c      v = d x + e y + f
//
// between four pixels, in steps of 1/256; outside of the image it is 0. All in whole numbers.
export function transformImage(width: i32, height: i32, from: usize, into: usize, transform: usize): void {
  const a = i32.load(transform), b = i32.load(transform, 4), c = i32.load(transform, 8);
  const d = i32.load(transform, 12), e = i32.load(transform, 16), f = i32.load(transform, 20);
  if (a == ONE && b == 0 && d == 0 && e == ONE && ((c | f) & 0xff00) == 0) {
    return shift(width, height, c >> 16, f >> 16, from, into);
  }
  for (let y = 0; y < height; y++) {
    let u = b * y + c, v = e * y + f;
    for (let x = 0; x < width; x++, u += a, v += d) {
      const left = u >> 16, top = v >> 16, right = (u >> 8) & 255, down = (v >> 8) & 255;
      const at = from + top * width + left;
      let upper: i32, lower: i32;
      if (<u32>left < <u32>(width - 1) && <u32>top < <u32>(height - 1)) {
        upper = <i32>load<u8>(at) * (256 - right) + <i32>load<u8>(at, 1) * right;
        lower = <i32>load<u8>(at + width) * (256 - right) + <i32>load<u8>(at + width, 1) * right;
      } else {
        const isLeft = <u32>left < <u32>width, isRight = <u32>(left + 1) < <u32>width;
        const isUpper = <u32>top < <u32>height, isLower = <u32>(top + 1) < <u32>height;
        upper = pixel(isUpper && isLeft, at) * (256 - right) + pixel(isUpper && isRight, at + 1) * right;
        lower = pixel(isLower && isLeft, at + width) * (256 - right) + pixel(isLower && isRight, at + width + 1) * right;
      }
      store<u8>(into++, (upper * (256 - down) + lower * down + 32768) >> 16);
    }
  }
}

@inline
function pixel(isInside: bool, at: usize): i32 {
  return isInside ? <i32>load<u8>(at) : 0;
}

// The same for a shift by whole pixels: the image is copied as one row of pixels, and the columns that come from the rows
// beside are cleared.
function shift(width: i32, height: i32, right: i32, down: i32, from: usize, into: usize): void {
  const size = width * height;
  if (abs(right) >= width || abs(down) >= height) {
    memory.fill(into, 0, size);
    return;
  }
  const offset = down * width + right, before = max(0, -offset), after = max(0, offset);
  memory.fill(into, 0, before);
  memory.copy(into + before, from + after, size - before - after);
  memory.fill(into + (size - after), 0, after);
  const first = right > 0 ? width - right : 0, end = right > 0 ? width : -right;
  for (let row = into, last = into + size; row < last; row += width) {
    for (let x = first; x < end; x++) store<u8>(row + x, 0);
  }
}
