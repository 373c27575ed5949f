"""The protocol of the PyTorch peers: one JSON object a line, in and out, as `protocol.ts` has it."""

import json
import resource
import sys
import time

import torch


def serve(training_class):
    """Answers requests: `open` makes a training, `memory` tells its memory, any other calls its method of that name."""
    training = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["op"] == "open":
                training = training_class(request)
                answer = {"detail": f"PyTorch {torch.__version__}, threads: {torch.get_num_threads()}"}
            elif request["op"] == "memory":
                answer = {"residentBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
            else:
                started = time.perf_counter()
                loss = getattr(training, request["op"])(request["steps"])
                answer = {"ms": (time.perf_counter() - started) * 1000, "loss": loss}
        except Exception as error:
            answer = {"error": str(error).split("\n")[0]}
        print(json.dumps(answer), flush=True)
