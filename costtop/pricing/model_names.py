"""Model names as logs write them, reduced to names that price lists know. It knows no prices.

The same model goes by many names: with a context mark (`claude-opus-4-6[1m]`), a route
(`openrouter/anthropic/claude-opus-4.6`), a cloud's own id (`us.anthropic.claude-…-v1:0`, ARNs,
`publishers/…/models/…`), a date. Names are only ever taken apart, never completed or matched
loosely: an unknown model stays unknown and does not get its neighbour's price.
"""

import re

LONGEST = 200  # characters; a longer "name" is not one

# What logs, SDKs and OpenTelemetry call a seller -> its id in genai-prices.
SELLERS = {
    "anthropic": "anthropic",
    "claude": "anthropic",
    "openai": "openai",
    "openai-codex": "openai",
    "openai-responses": "openai",
    "codex": "openai",
    "chatgpt": "openai",
    "text-completion-openai": "openai",
    "azure": "azure",
    "azure_ai": "azure",
    "azure-openai": "azure",
    "azure_openai": "azure",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "az.ai.openai": "azure",
    "az.ai.inference": "azure",
    "google": "google",
    "gemini": "google",
    "gemini-cli": "google",
    "google-gemini": "google",
    "google-generative-ai": "google",
    "google-vertex": "google",
    "google-vertex-anthropic": "google",
    "vertex": "google",
    "vertexai": "google",
    "vertex_ai": "google",
    "vertex_ai_beta": "google",
    "vertex_ai-language-models": "google",
    "vertex_ai-anthropic_models": "google",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "aws": "aws",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "aws.bedrock": "aws",
    "aws_bedrock": "aws",
    "amazon-bedrock": "aws",
    "amazon_bedrock": "aws",
    "openrouter": "openrouter",
    "github-copilot": "github-copilot",
    "github_copilot": "github-copilot",
    "copilot": "github-copilot",
    "cursor": "cursor",
    "xai": "x-ai",
    "x-ai": "x-ai",
    "x_ai": "x-ai",
    "deepseek": "deepseek",
    "mistral": "mistral",
    "mistralai": "mistral",
    "mistral_ai": "mistral",
    "moonshot": "moonshotai",
    "moonshotai": "moonshotai",
    "moonshot-ai": "moonshotai",
    "minimax": "minimax",
    "zai": "zai",
    "z-ai": "zai",
    "z.ai": "zai",
    "zhipuai": "zhipuai",
    "zhipu": "zhipuai",
    "cohere": "cohere",
    "perplexity": "perplexity",
    "voyage": "voyageai",
    "voyageai": "voyageai",
    "meta": "meta",
    "groq": "groq",
    "cerebras": "cerebras",
    "together": "together",
    "together_ai": "together",
    "togetherai": "together",
    "fireworks": "fireworks",
    "fireworks_ai": "fireworks",
    "fireworks-ai": "fireworks",
    "baseten": "baseten",
    "novita": "novita",
    "databricks": "databricks",
    "cloudflare": "cloudflare",
    "ovhcloud": "ovhcloud",
    "modal": "modal",
    "avian": "avian",
}

# These sell other makers' models at prices of their own, so what they do not list has no price.
HOSTS = frozenset(
    {"aws", "azure", "groq", "cerebras", "together", "fireworks", "baseten", "novita"}
    | {"databricks", "cloudflare", "ovhcloud", "modal", "avian"}
)

_GATES = frozenset({"litellm", "litellm_proxy", "proxy"})  # a route that says nothing of the seller
_CONTEXT = re.compile(r"\[\d+[km]\]$")
_BEDROCK = re.compile(
    r"(?:^|[/:])((?:(?:global|us|us-gov|eu|apac|au|jp|in|ca|sa)\.)?"
    r"(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|writer|moonshotai|moonshot|"
    r"zai|minimax|nvidia|google)\.[a-z][a-z0-9.:_-]*)$"
)
_PUBLISHED = re.compile(r"^(?:projects/.+/)?publishers/[^/]+/models/(.+)$")
_DATE = re.compile(r"[-@](?:20\d{6}|20\d\d-\d\d-\d\d|(?:0[1-9]|1[0-2])-[0-3]\d|default|latest)$")
_SLUG = re.compile(r"\bclaude-(\d(?:[.-]\d)?)-(opus|sonnet|haiku)(?=-20\d{6}$|$)")
_EFFORT = re.compile(r"^(gpt-\d+(?:\.\d+)?(?:-codex)?)-(?:minimal|low|medium|high|xhigh)$")

Candidate = tuple[str, str]  # (seller id or "" = whoever makes it, model name)


def candidates(provider: str, model: str) -> tuple[Candidate, ...]:
    """What to look up, the likeliest first; empty for what cannot be a model's name.

    The name as sold comes before any shorter form, and a date or reasoning effort (which changes
    the number of tokens, not their price) is dropped last. Suffixes after a colon (`:free`,
    `:thinking`, `:8b`) stay: they are other prices or other models.
    """
    name = plain(model)
    if not name:
        return ()
    told = provider.strip().lower()
    found = _sold(SELLERS.get(told, ""), name.removeprefix(f"{told}/") if told else name)
    if told in SELLERS:
        found = [*_sold(SELLERS[told], name), *found]
    # OpenRouter's permanent slugs turn the name about: claude-4.5-sonnet-20250929.
    found += [(seller, _SLUG.sub(r"claude-\2-\1", name)) for seller, name in found]
    shorter = [(seller, _bare(name)) for seller, name in found]
    return tuple(dict.fromkeys([*found, *shorter]))


def plain(model: str) -> str:
    """The name in lower case without a context mark; "" when it is none, as `<synthetic>`."""
    name = model.strip().lower() if len(model) <= LONGEST else ""
    if not name.isascii() or not name.isprintable() or set(name) & set(" <>\"'{}"):
        return ""
    return _CONTEXT.sub("", name)


def _sold(seller: str, name: str) -> list[Candidate]:
    """(seller, name) pairs for a name that `seller` ("" = unknown) is said to have served."""
    if cloud := _BEDROCK.search(name):
        return [("aws", cloud[1])]
    if published := _PUBLISHED.match(name):
        return [("google", published[1])]
    head, slash, rest = name.partition("/")
    if slash and (head in _GATES or (head == "models" and rest)):
        return _sold(seller or ("google" if head == "models" else ""), rest)
    own = [(seller, name)] if seller else []
    if slash and head in SELLERS:
        inner = SELLERS[head]
        if seller in HOSTS and inner != seller:
            return [*own, (seller, rest)]
        return [*own, *_sold(inner, rest)]
    return own if seller in HOSTS else [*own, ("", name)]


def _bare(name: str) -> str:
    return _EFFORT.sub(r"\1", _DATE.sub("", name))
