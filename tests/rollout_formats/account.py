from tests.rollout_worlds import *
import urllib.request
A=f"arn:aws:iam::{ACCOUNT}"
def make_account(server, home):
    for path in ("reset","seed?a=7"):
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/moto-api/{path}", method="POST")).read()
    world = World(server, home)
    world.make_role("app", inline={"own": document(allow("s3:*"), deny("s3:DeleteBucket"), indent=3)}, managed={"queues": document(allow("sqs:*"))})
    world.make_role("glass", inline={"own": document(allow("s3:*"))})
    world.make_user("robot", inline={"own": document(allow("s3:*"), indent=1)})
    return world
NEW=(New(document(allow("s3:GetObject"), allow("sqs:SendMessage"), indent=2)), New(document(deny("s3:DeleteBucket"), indent=2), inline=True))
REPLACEMENTS={f"{A}:role/app":NEW, f"{A}:role/glass":(New(document(allow("s3:GetObject"))),), f"{A}:user/robot":(New(document(allow("s3:GetObject"))),)}
