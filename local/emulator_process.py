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
TTL_SECONDS = 60


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


def share_the_interpreter():
    """Lets requests be answered while expired items are looked for, and reads an expression once.

    Once a minute MiniStack goes through all items in one go. With 100,000 of them that takes the interpreter from
    everything else for up to 20 seconds, which is longer than any client waits. And it reads the condition of a query
    anew for each item of a partition.
    """
    import functools

    start = threading.Thread.start
    replaced = []

    def start_gently(thread):
        if thread.name == "dynamodb-ttl-reaper":
            thread._target = remove_expired_items
            replaced.append(thread)
        start(thread)

    threading.Thread.start = start_gently
    from ministack.services import dynamodb

    threading.Thread.start = start
    if len(replaced) != 1:
        raise SystemExit("MiniStack looks for expired items by another thread than it did: see share_the_interpreter.")
    tokens = functools.lru_cache(4096)(dynamodb._tokenize)
    dynamodb._tokenize = lambda expression: list(tokens(expression))
    dynamodb._condition_syntax_error = functools.lru_cache(4096)(dynamodb._condition_syntax_error)


def collect_what_is_new():
    """Keeps what has outlived a full garbage collection out of the next one.

    A full collection looks at every object that there is, with all threads waiting. The tables of a long run of tests are
    millions of them, which takes seconds each time, and they are not garbage. What is frozen is still freed when nobody refers
    to it any more; only rings among it are not.
    """
    import gc

    def freeze(phase, info):
        if phase == "stop" and info["generation"] == 2:
            gc.freeze()

    gc.callbacks.append(freeze)


def remove_expired_items():
    """What MiniStack's own thread does, in pieces between which others have their turn."""
    from ministack.services import dynamodb

    looked = 0
    while True:
        time.sleep(TTL_SECONDS)
        for scope, setting in list(dynamodb._ttl_settings.all_items()):
            table = dynamodb._tables.get_scoped(*scope)
            if table is None or setting.get("TimeToLiveStatus") != "ENABLED":
                continue
            attribute = setting.get("AttributeName", "")
            for pk, partition in list(table["items"].items()):
                for sk, item in list(partition.items()):
                    looked += 1
                    if looked % 100 == 0:
                        time.sleep(0.005)
                    if has_expired(item.get(attribute)) and partition.get(sk) is item:
                        dynamodb._remove_item(table, pk, sk)


def has_expired(value):
    """Whether it is a number, as DynamoDB has them, of seconds that have passed."""
    return isinstance(value, dict) and float(value.get("N", "inf")) <= time.time()


def embed_by_the_model_server():
    """Answers calls for embeddings by the model server.

    MiniStack proxies conversations to it, but answers an invocation of a model for embeddings as if it were one.
    """
    import json
    import urllib.error
    import urllib.request

    from ministack.services import bedrock_runtime as bedrock

    invoke_model = bedrock._invoke_model

    def invoke(model_id, headers, body):
        if "embed" not in model_id or not bedrock._PROXY_URL:
            return invoke_model(model_id, headers, body)
        asked = json.loads(body)
        one = "inputText" in asked
        dimensions = asked.get("dimensions") or asked.get("output_dimension") or 1024
        wanted = {
            "model": model_id,
            "input": [asked["inputText"]] if one else asked["texts"],
            "dimensions": dimensions,
        }
        request = urllib.request.Request(
            f"{bedrock._PROXY_URL}/v1/embeddings",
            data=json.dumps(wanted).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=bedrock._PROXY_TIMEOUT_S) as response:
                answer = json.loads(response.read())
        except urllib.error.HTTPError as error:
            return bedrock._error("ModelErrorException", f"The model server answered {error.code}.", error.code)
        vectors = [row["embedding"] for row in answer["data"]]
        tokens = answer.get("usage", {}).get("prompt_tokens", 0)
        if one:
            found = {"embedding": vectors[0], "inputTextTokenCount": tokens}
        elif "embed-v4" in model_id:
            found = {"embeddings": {"float": vectors}, "response_type": "embeddings_by_type"}
        else:
            found = {"embeddings": vectors, "response_type": "embeddings_floats"}
        described = {"Content-Type": "application/json", "x-amzn-bedrock-input-token-count": str(tokens)}
        return 200, described, json.dumps(found).encode()

    bedrock._invoke_model = invoke


if __name__ == "__main__":
    hold_lifeline()
    collect_what_is_new()
    share_the_interpreter()
    forget_stream_positions()
    embed_by_the_model_server()
    from ministack.app import main

    try:
        main()
    finally:
        end_functions()
