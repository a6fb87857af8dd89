"""What a session's row asks the rulebases."""

from whydeny.model.tables import Session
from whydeny.policy.lookup import Flow

NO_USER = frozenset({"unknown", "none", "n/a"})


def user_of(user: str | None, live: bool) -> str | None:
    """The user that a row gives: "" for none known, None where a row of the session table does not say."""
    if user is None:
        return None if live else ""
    return "" if user.strip().lower() in NO_USER else user


def flow_of(session: Session) -> Flow:
    """The flow of a session, with its final values and at its end.

    A log row without a user says that the firewall knew none; a row of the session table does not say.
    """
    return Flow(
        from_zone=session.from_zone,
        to_zone=session.to_zone,
        source=session.source,
        destination=session.destination,
        protocol=session.protocol,
        source_port=session.source_port,
        destination_port=session.destination_port,
        application=session.application,
        user=user_of(session.user, session.live),
        category=session.category,
        decrypted=session.decrypted,
        at=session.end,
        source_country=session.source_country,
        destination_country=session.destination_country,
        source_edl=session.source_edl,
        destination_edl=session.destination_edl,
        source_dag=session.source_dag,
        destination_dag=session.destination_dag,
        dynamic_user_group=session.dynamic_user_group,
        app_category=session.app_category,
        app_subcategory=session.app_subcategory,
        app_technology=session.app_technology,
        app_risk=session.app_risk,
        app_characteristics=session.app_characteristics,
        app_container=session.app_container,
    )
