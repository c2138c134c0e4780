"""What somebody does with the client that openapi-python-client makes. Prints what it read as JSON."""

import compileall
import json
import sys

folder, package = sys.argv[1:]
assert compileall.compile_dir(f"{folder}/{package}", quiet=1), "does not compile"
sys.path.insert(0, folder)

import importlib  # noqa: E402
import pkgutil  # noqa: E402

module = importlib.import_module(package)
modules = [found.name for found in pkgutil.walk_packages(module.__path__, f"{package}.")]
for name in modules:
    importlib.import_module(name)

models = importlib.import_module(f"{package}.models")
page = models.RolePage.from_dict(
    {
        "items": [
            {
                "id": "viewer",
                "name": "Viewer",
                "description": "",
                "built_in": True,
                "status": "active",
                "grants": [],
                "permissions": [],
                "replacement": None,
                "created_by": None,
                "created_at": None,
                "updated_at": None,
            }
        ],
        "next_cursor": None,
    }
)
problem = models.NotFoundProblem.from_dict(
    {"type": "/e", "title": "t", "status": 404, "detail": "d", "remedy": "m", "code": "not_found", "request_id": "r"}
)
tool = importlib.import_module(f"{package}.api.agents.agents_create_context")
body = models.AgentsCreateContextBodyText(
    content_type=models.AgentsCreateContextBodyTextContentType.TEXT, name="Facts", content="c"
)
sent = tool._get_kwargs(agent_id="agt_1", body=body)
print(
    json.dumps(
        {
            "modules": len(modules),
            "role": page.items[0].id,
            "next": page.next_cursor,
            "code": problem.code,
            "method": sent["method"],
            "content": sent["json"]["content"],
        }
    )
)
