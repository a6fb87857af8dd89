"""What a session's row asks the rulebases."""

from whydeny.model.tables import Session
from whydeny.policy.lookup import Flow

NO_USER = frozenset({"unknown", "none", "n/a"})


def flow_of(session: Session) -> Flow:
    """The flow of a session, with its final values and at its end.

    A log row without a user says that the firewall knew none; a row of the session table does not say.
    """
    user = session.user
    if user is None:
        user = None if session.live else ""
    elif user.strip().lower() in NO_USER:
        user = ""
    return Flow(
        from_zone=session.from_zone,
        to_zone=session.to_zone,
        source=session.source,
        destination=session.destination,
        protocol=session.protocol,
        source_port=session.source_port,
        destination_port=session.destination_port,
        application=session.application,
        user=user,
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
