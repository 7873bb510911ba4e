"""UserTool, as its example uses it: to the letter but for the import path, which follows our layout."""

from controlplane.tools.models import UserTool


def test_a_tool_is_enabled_looked_at_and_counted(user):
    # Enable tool for user
    tool = UserTool.objects.create(
        user=user, tool_name="web_search", tool_display_name="Web Search", configuration={"max_results": 5}
    )

    # Check rate limit before use
    limit_check = tool.check_rate_limit()
    if not limit_check["allowed"]:
        raise Exception("Rate limit exceeded")  # noqa: TRY002  # as the example reads

    # Track usage
    tool.increment_usage()

    tool = UserTool.objects.get()
    assert (tool.is_enabled, tool.usage_count, tool.rate_limit) == (True, 1, None)
    assert tool.last_used_at is not None
    assert tool.configuration == {"max_results": 5}


def test_an_exceeded_limit_is_seen_by_the_check(user):
    tool = UserTool.objects.create(user=user, tool_name="web_search", rate_limit=1)
    tool.increment_usage()

    limit_check = tool.check_rate_limit()

    assert limit_check["allowed"] is False
    assert limit_check["reason"] == "web_search may be used 1 times per hour."
