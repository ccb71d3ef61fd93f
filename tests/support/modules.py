"""What the module of a provider is called: Python wants no dash in it and no digit before it."""


def module_name(provider: str) -> str:
    name = provider.replace("-", "_")
    return name if name.isidentifier() else f"_{name}"
