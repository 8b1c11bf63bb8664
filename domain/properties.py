"""Rules of properties: what `$set`, `$set_once` and `$unset` change, and what is only noise."""

from collections.abc import Collection, Mapping

from msgspec import Struct

from domain.values import JSON, Properties, encode, same

MAX_SIZE = 655_360  # bytes of one person's properties as JSON text

LIFTED = frozenset(
    """
    $app_build $app_name $app_namespace $app_version
    $browser $browser_version $device_type $current_url $pathname $os $os_name $os_version
    $referring_domain $referrer $screen_height $screen_width $viewport_height $viewport_width
    $raw_user_agent
    utm_source utm_medium utm_campaign utm_content utm_name utm_term gclid gad_source gclsrc dclid
    gbraid wbraid fbclid msclkid twclid li_fat_id mc_cid igshid ttclid rdt_cid irclid _kx epik
    qclid sccid
    """.split()
)
"""Properties of a captured event that become properties of its person, as PostHog has it."""

_OF_THE_SERVER = frozenset({"$os", "$os_name", "$os_version"})

FILTERED = frozenset(
    """
    $current_url $pathname $referring_domain $referrer $screen_height $screen_width
    $viewport_height $viewport_width $browser $browser_version $device_type $raw_user_agent
    $os $os_name $os_version
    """.split()
) | frozenset(
    "$geoip_" + name
    for name in """
    postal_code time_zone latitude longitude accuracy_radius
    subdivision_1_code subdivision_2_code subdivision_3_code
    subdivision_1_name subdivision_2_name subdivision_3_name
    city_confidence country_confidence postal_code_confidence
    subdivision_1_confidence subdivision_2_confidence
    """.split()
)
"""Properties that change all the time: a new value of one is not worth a write of its own."""


class Changes(Struct, frozen=True):
    """What would change in a bag of properties: values to set, and values to take away."""

    set: Properties
    unset: Properties


def changes(
    properties: Mapping[str, JSON],
    *,
    set: Mapping[str, JSON],
    set_once: Mapping[str, JSON],
    unset: Collection[str],
) -> Changes:
    """Return what differs once the three are applied to `properties`, in PostHog's order.

    `set` wins over `set_once`. `unset` takes away what was there before, and comes last: a key
    that was absent and is both set and unset stays set.
    """
    gone = {key: properties[key] for key in unset if key in properties} if unset else {}
    changed: Properties = {}
    for key, value in set_once.items():
        if key not in properties and key not in set:
            changed[key] = value
    for key, value in set.items():
        if key not in gone and not (key in properties and same(properties[key], value)):
            changed[key] = value
    return Changes(changed, gone)


def only_noise(properties: Mapping[str, JSON], changed: Changes) -> bool:
    """Tell whether all that changes are new values of filtered properties."""
    return (
        FILTERED.issuperset(changed.set)
        and not changed.unset
        and changed.set.keys() <= properties.keys()
    )


def lift(properties: Mapping[str, JSON]) -> tuple[Properties, Properties]:
    """Return what a captured event's own properties set, and set once, on its person."""
    if LIFTED.isdisjoint(properties):
        return {}, {}
    lifted = properties.keys() & LIFTED
    if properties.get("$is_server") is True:
        lifted -= _OF_THE_SERVER
    values = {key: properties[key] for key in lifted}
    if "$os_name" in values:
        os_name = values.pop("$os_name")
        values.setdefault("$os", os_name)
    return values, {f"$initial_{key.removeprefix('$')}": value for key, value in values.items()}


def size(properties: Mapping[str, JSON]) -> int:
    """Return the bytes that the properties take as JSON text."""
    return len(encode(properties))
