"""The tokens that both test servers know."""

from sdk_bridge.memory import Identity

ALICE, BOB, SERVICE = "alice-token", "bob-token", "service-token"

IDENTITIES = {
    ALICE: Identity("alice"),
    BOB: Identity("bob"),
    SERVICE: Identity("controlplane", is_service=True),
}
