"""Calls a running engine by the generated client. Every model and every operation of it is imported first.

Arguments: the folder that holds the client, the engine's address, a tenant's id, its key, the admin token.
"""

import importlib
import pkgutil
import sys
import uuid

FOLDER, ADDRESS, TENANT, KEY, TOKEN = sys.argv[1:]
sys.path.insert(0, FOLDER)

import generated  # noqa: E402
from generated import AuthenticatedClient  # noqa: E402
from generated.models import (  # noqa: E402
    Channel,
    EventAnswer,
    ErrorBody,
    NewSandboxProvider,
    NewSandboxProviderKind,
    NewSmtpProvider,
    NewSmtpProviderKind,
    NewSmtpProviderTls,
    Payload,
    ProviderList,
    PutProvidersChannel,
    TenantList,
    TriggerAnswer,
    TriggerBody,
)

modules = [importlib.import_module(one.name) for one in pkgutil.walk_packages(generated.__path__, "generated.")]
operations = {one.__name__.rsplit(".", 1)[1]: one for one in modules if hasattr(one, "sync_detailed")}

tenant = AuthenticatedClient(base_url=ADDRESS, token=KEY, prefix="", auth_header_name="x-api-key")
operator = AuthenticatedClient(base_url=ADDRESS, token=TOKEN)


def call(name, of, client, **arguments):
    answer = operations[name].sync(client=client, **arguments)
    assert isinstance(answer, of), (name, answer)
    return answer


body = TriggerBody(
    event_type="order.confirmed", payload=Payload(user_id="u-1", recipient_email="user@example.com"), channels=[Channel.EMAIL]
)
accepted = call("trigger_event", TriggerAnswer, tenant, body=body, prefer="return=representation")
assert accepted.success and [line.channel.value for line in accepted.plan] == ["EMAIL", "SMS", "PUSH"], accepted
state = call("get_event", EventAnswer, tenant, event_id=accepted.event_id)
assert state.data.notification_id == accepted.notification_id, state
assert isinstance(state.data.channels[0].attempts, int), state.data.channels[0]
refused = call("get_event", ErrorBody, tenant, event_id="none")
assert refused.status_code == 404 and refused.code == "unknown_event", refused
mail = NewSmtpProvider(
    kind=NewSmtpProviderKind.SMTP, host="127.0.0.1", port=25, tls=NewSmtpProviderTls.NONE, from_="Shop <a@example.org>"
)
kept = NewSandboxProvider(kind=NewSandboxProviderKind.SANDBOX)
for providers in ([mail, kept], [kept]):
    set_ = call(
        "put_providers",
        ProviderList,
        operator,
        tenant_id=uuid.UUID(TENANT),
        channel=PutProvidersChannel.EMAIL,
        body=providers,
    )
    assert len(set_.providers) == len(providers), set_
tenants = call("list_tenants", TenantList, operator, limit=1)
assert len(tenants.data) == 1, tenants
shut_out = call("list_tenants", ErrorBody, AuthenticatedClient(base_url=ADDRESS, token="wrong"), limit=1)
assert shut_out.code == "invalid_admin_token", shut_out
print(f"{len(operations)} operations")
