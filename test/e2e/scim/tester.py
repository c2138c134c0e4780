"""Has an independent tester ask a SCIM server for what its own schemas promise; prints what it found, as JSON.

Users are brought by addresses of the organization's domain only, which no schema can say: so the values that the tester
makes up for them are such addresses.
"""

import json
import sys
import uuid

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server, filling
from scim2_tester.checkers import patch_add, patch_replace

base, token, domain = sys.argv[1:]
made_up = filling.generate_random_value


def value_of(context, path, *args, **kwargs):
    value = made_up(context, path, *args, **kwargs)
    if value is None:
        return None
    if str(path).endswith("userName") or str(path).endswith("emails.value"):
        address = f"{uuid.uuid4()}@{domain}"
        return [address] if isinstance(value, list) else address
    return value


for module in (filling, patch_add, patch_replace):
    module.generate_random_value = value_of

with Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60) as http:
    results = check_server(SyncSCIMClient(http))

print(
    json.dumps(
        [
            {"status": result.status.name, "title": result.title, "type": result.resource_type, "reason": result.reason}
            for result in results
        ]
    )
)
