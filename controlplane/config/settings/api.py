"""The REST API's defaults: signed-in callers only, JSON only, one error shape, keyset pages."""

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "controlplane.accounts.authentication.PersonalTokenAuthentication",
        "controlplane.accounts.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["controlplane.api.parsers.BoundedJSONParser"],
    # The OpenAPI document says more.
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_PAGINATION_CLASS": "controlplane.api.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "controlplane.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "controlplane.api.exceptions.handle_exception",
    "PAGE_SIZE": 50,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Threadplane",
    "DESCRIPTION": "What users see, configure and pay for beside the LangGraph Agent Server.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "PromptCategoryEnum": "controlplane.prompts.models.SystemPromptTemplate.Category",
        "ToolCategoryEnum": "controlplane.tools.models.AvailableTool.Category",
    },
}
