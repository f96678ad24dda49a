"""Python imports this by itself at the start of a process that has the folder in PYTHONPATH: its clock is shifted."""

import os
import time

import time_machine

time_machine.travel(time.time() + float(os.environ["CLOCK_SHIFT_SECONDS"]), tick=True).start()
