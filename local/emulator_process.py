"""Runs MiniStack so that it never outlives whoever started it.

Its standard input is a lifeline: the other end is held by the parent, so it closes however the parent ends
(a hard kill included). Then MiniStack gets the SIGTERM on which it saves its state, and after a grace period
the whole process group, the functions' processes included, is killed.
"""
import os
import signal
import threading
import time

GRACE_SECONDS = 20


def watch(lifeline):
    while os.read(lifeline, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def hold_lifeline():
    lifeline = os.dup(0)  # not inherited by child processes
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=watch, args=(lifeline,), daemon=True).start()


def end_functions():
    """Ends the functions' processes: they share this process group, which the parent made for us alone."""
    if os.getpgrp() == os.getpid():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(os.getpgrp(), signal.SIGTERM)


def forget_stream_positions():
    """Saves no positions in table streams.

    MiniStack saves how many records of a stream a function has read, but not the stream: after the next start it would
    skip as many new records, and no event would leave. Without a position the function reads from the beginning.
    """
    from ministack.core import persistence

    save_state = persistence.save_state

    def save(service, state):
        if service == "lambda":
            state.pop("dynamodb_stream_positions", None)
        save_state(service, state)

    persistence.save_state = save


if __name__ == "__main__":
    hold_lifeline()
    forget_stream_positions()
    from ministack.app import main

    try:
        main()
    finally:
        end_functions()
