"""The protocol of the PyTorch peers: one JSON object a line, in and out, as `protocol.ts` has it."""

import json
import resource
import sys
import time

import torch


def describe(training):
    """The device of a training, which is the CPU where it names none."""
    device = getattr(training, "device", None)
    if device is None or device.type == "cpu":
        return f"threads: {torch.get_num_threads()}"
    return torch.cuda.get_device_name(device)


def serve(training_class):
    """Answers requests: `open` makes a training, `memory` tells its memory, any other calls its method of that name."""
    training = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["op"] == "open":
                training = training_class(request)
                answer = {"detail": f"PyTorch {torch.__version__}, {describe(training)}"}
            elif request["op"] == "memory":
                answer = {"residentBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
            else:
                started = time.perf_counter()
                loss = getattr(training, request["op"])(request["steps"])
                answer = {"ms": (time.perf_counter() - started) * 1000, "loss": loss}
        except Exception as error:
            answer = {"error": str(error).split("\n")[0]}
        print(json.dumps(answer), flush=True)
