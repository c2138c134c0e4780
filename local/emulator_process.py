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


def register_sessions_side_by_side():
    """Lets functions start while roles are assumed.

    MiniStack goes through all sessions for each new one, without a lock: while another thread added one, the process of a
    function did not start, and with it all of that function's others were ended.
    """
    from ministack.services import sts

    def evict():
        for key, session in list(sts._sessions.items()):
            if sts._session_expired(session):
                sts._sessions.pop(key, None)

    sts._evict_expired_sessions = evict


def start_functions_again():
    """Starts a function's process once more when it did not come up.

    AWS begins an environment anew whose initialization has failed. MiniStack ends all other processes of the function too, and with
    them the requests that they were answering.
    """
    from ministack.core import lambda_runtime

    spawn = lambda_runtime.Worker._spawn

    def spawn_or_again(worker):
        try:
            spawn(worker)
        except Exception:
            lambda_runtime.logger.warning("Lambda %s did not start, and is started again", worker.func_name, exc_info=True)
            process, worker._proc = worker._proc, None
            lambda_runtime._signal(process)
            lambda_runtime._collect(process, time.monotonic() + lambda_runtime._REAP_GRACE)
            spawn(worker)

    lambda_runtime.Worker._spawn = spawn_or_again


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


def know_conditions_on_keys():
    """Lets policies look at keys of the table, and at the tag and the role of whoever asks.

    MiniStack evaluates policies, but finds no dynamodb:LeadingKeys in a request, puts nothing in the place of a variable, and
    takes the session for the role in aws:PrincipalArn. A wall between tenants that is made of these would deny
    everything or nothing. Each is looked at before it is corrected: what MiniStack does by itself by then, it shall do.
    """
    from ministack.core import iam_actions, iam_evaluator

    get_one = b'{"TableName": "t", "Key": {"pk": {"S": "a"}}}'
    session = who_asks(iam_evaluator, None, [])
    if (
        "dynamodb:LeadingKeys" in iam_actions.dynamodb_service_context(get_one)
        or iam_evaluator._resolve_condition_key("aws:PrincipalArn", session) != session.principal_arn
        or not denies_foreign_keys(iam_evaluator, "org_A", ["T#org_A#AGENT#1"])
    ):
        raise SystemExit("MiniStack knows keys, variables or roles in conditions by itself: see know_conditions_on_keys.")
    context_of = iam_actions.dynamodb_service_context
    iam_actions.dynamodb_service_context = lambda body: {**context_of(body), **leading_keys(body)}

    met = iam_evaluator._conditions_met
    resolve = iam_evaluator._resolve_condition_key
    iam_evaluator._conditions_met = lambda conditions, asked: met(substituted(conditions, asked), asked)

    def resolve_with_roles(key, asked):
        found = resolve(key, asked)
        return role_of(found) if key.lower() == "aws:principalarn" else found

    iam_evaluator._resolve_condition_key = resolve_with_roles
    for tag, keys, denied in [
        ("org_A", ["T#org_A#AGENT#1"], False),
        ("org_A", ["T#org_A#AGENT#1", "T#org_B#AGENT#1"], True),
        ("org_A", ["T#org_AB#AGENT#1"], True),
        (None, ["T#org_A#AGENT#1"], True),
    ]:
        if denies_foreign_keys(iam_evaluator, tag, keys) != denied:
            raise SystemExit("MiniStack reads conditions in another way than it did: see know_conditions_on_keys.")


def who_asks(iam_evaluator, tag, keys):
    """A session that has a tag, or none, and asks for keys of the table."""
    return iam_evaluator.EvalContext(
        principal_arn="arn:aws:sts::000000000000:assumed-role/r/s",
        principal_type="AssumedRole",
        principal_account="000000000000",
        action="dynamodb:GetItem",
        resource_arn="*",
        region="us-east-1",
        service_context={"dynamodb:leadingkeys": keys},
        principal_keys={} if tag is None else {"aws:principaltag/tenant": tag},
    )


def denies_foreign_keys(iam_evaluator, tag, keys):
    """Whether a denial of all keys but those of the asker's tag denies these."""
    foreign = {"ForAnyValue:StringNotLike": {"dynamodb:LeadingKeys": ["T#${aws:PrincipalTag/tenant}#*"]}}
    policy = {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": foreign}]}
    asked = who_asks(iam_evaluator, tag, keys)
    return iam_evaluator.evaluate(asked, [iam_evaluator.parse_policy_document(policy)]).decision == "Deny"


def leading_keys(body):
    """The partition keys that a request of DynamoDB names, as its condition key; nothing where it names none."""
    import json

    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        return {}
    found = [value for value in keys_in(asked) if isinstance(value, str)]
    return {"dynamodb:LeadingKeys": found} if found else {}


def keys_in(asked):
    """The values of partition keys in a request: of the table, or of the index that is queried."""
    table = asked.get("TableName")
    if "KeyConditionExpression" in asked:
        yield from keys_in_condition(asked, partition_key(table, asked.get("IndexName")))
    for name in ("Key", "Item"):
        if name in asked:
            yield text_of(asked[name], partition_key(table))
    for each, wanted in (asked.get("RequestItems") or {}).items():
        items = wanted.get("Keys", []) if isinstance(wanted, dict) else []
        for put_or_delete in wanted if isinstance(wanted, list) else []:
            items += [one.get("Item") or one.get("Key") for one in put_or_delete.values()]
        for item in items:
            yield text_of(item, partition_key(each))
    for item in asked.get("TransactItems") or []:
        for one in item.values():
            yield text_of(one.get("Item") or one.get("Key"), partition_key(one.get("TableName")))


def keys_in_condition(asked, key):
    """The values that a query wants a partition key to have: `#pk = :pk`."""
    import re

    names = asked.get("ExpressionAttributeNames") or {}
    values = asked.get("ExpressionAttributeValues") or {}
    for name, value in re.findall(r"([#\w]+)\s*=\s*(:\w+)", asked["KeyConditionExpression"]):
        if names.get(name, name) == key:
            yield (values.get(value) or {}).get("S")


def text_of(item, key):
    """The text under a key of an item as DynamoDB is sent it."""
    return ((item or {}).get(key) or {}).get("S")


def partition_key(table, index=None):
    """The attribute that is the partition key of a table, or of an index of it."""
    from ministack.services import dynamodb

    known = dynamodb._tables.get((table or "").rsplit("/", 1)[-1]) or {}
    schemas = {one.get("IndexName"): one["KeySchema"] for one in known.get("GlobalSecondaryIndexes") or []}
    schema = known.get("KeySchema", []) if index is None else schemas.get(index, [])
    return next((one["AttributeName"] for one in schema if one["KeyType"] == "HASH"), None)


def substituted(conditions, asked):
    """Conditions with what their variables stand for. What stands for nothing is like nothing that is ever asked for."""
    import json
    import re

    text = json.dumps(conditions or {})
    if "${" not in text:
        return conditions
    known = {name.lower(): value for name, value in asked.principal_keys.items()}
    value_of = lambda name: json.dumps(str(known.get(name[1].lower(), "\0")))[1:-1]
    return json.loads(re.sub(r"\$\{([^}*?$]+)\}", value_of, text))


def role_of(arn):
    """The role of a session, which is who asks to AWS; another principal as it is."""
    from ministack.services import iam

    name = arn.split("/")[1] if ":assumed-role/" in (arn or "") else None
    role = None if name is None else iam._roles.get(name)
    return arn if role is None else role["Arn"]


if __name__ == "__main__":
    hold_lifeline()
    collect_what_is_new()
    share_the_interpreter()
    forget_stream_positions()
    register_sessions_side_by_side()
    start_functions_again()
    embed_by_the_model_server()
    know_conditions_on_keys()
    from ministack.app import main

    try:
        main()
    finally:
        end_functions()
