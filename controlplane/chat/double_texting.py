"""Says what becomes of a message that is sent while its session's run is on."""

from controlplane.chat.models import ChatSession
from controlplane.preferences.models import MultitaskStrategy, UserPreference
from controlplane.preferences.origins import Origin, Setting


def strategy_in_force(*, session: ChatSession) -> Setting[str]:
    """Take the session's own strategy, else its owner's preferred one, else the house's: to refuse.

    Messages over REST follow it. A direct client names its own with each run: the Agent Server does not say
    whether one that it is given was chosen, so nothing here takes its place.
    """
    if session.multitask_strategy:
        return Setting(session.multitask_strategy, Origin.SESSION)
    preferred = UserPreference.objects.filter(pk=session.user_id).values_list("multitask_strategy", flat=True)
    strategy = preferred.first()
    if strategy in (None, MultitaskStrategy.REJECT):
        return Setting(str(MultitaskStrategy.REJECT), Origin.SYSTEM)
    return Setting(strategy, Origin.PREFERENCE)
