"""application-default and its ports, as evidence."""

from whydeny.model.applications import SECURE_PORTS
from whydeny.model.configuration import CustomApplication
from whydeny.verdict.case import Case
from whydeny.verdict.cause import CantTell, RuledOut


def on_tls_port(case: Case) -> bool:
    """Whether the destination port is one on which the application is expected inside TLS."""
    application = case.application_of(case.application)
    written = [*SECURE_PORTS.get(case.application, ("tcp/443",)), *(application.secure_ports if application else ())]
    ports = {int(port) for text in written for port in text.rpartition("/")[2].split(",") if port.isdigit()}
    return case.is_tcp and case.session.destination_port in ports


def default_port_miss(case: Case) -> bool:
    """Whether the rule that allowed the session now fails on its service, which is application-default."""
    rule = case.logged
    return (
        rule is not None
        and "application-default" in rule.services
        and "service" in case.shift.fields
        and "application" not in case.shift.fields
    )


def default_port_open(case: Case) -> bool:
    """Whether the rule that allowed the session matches but for the ports of an application that no table has."""
    rule, trace = case.logged, case.logged_trace
    if rule is None or trace is None or case.application_of(case.application) is not None:
        return False
    return "application-default" in rule.services and not trace.misses() and case.logged_unknowns() == {"service"}


def default_port_rules_out(case: Case) -> RuledOut | CantTell | None:
    """Why application-default is not what lost the session."""
    rule, trace = case.logged, case.logged_trace
    if rule is None or trace is None:
        return CantTell(
            f"the rule {case.named_rule} is not in the configuration, so that its service isn't known",
            "the configuration that was in force at the time of the session",
            0.15,
        )
    if "application-default" not in rule.services:
        return RuledOut(f"the service of {rule.name} is {', '.join(rule.services)}, not application-default")
    if "service" in case.logged_unknowns():
        detail = case.criterion_detail(trace, "service")
        settle = next((c.settle for c in trace.unknowns() if c.field == "service" and c.settle), "")
        if case.application_of(case.application) is None:
            return CantTell(detail, settle or f"the default ports of {case.application}", 0.3)
        return None
    if "application" in case.shift.fields:
        return RuledOut(f"{case.application} is not an application of {rule.name} at all")
    if all(c.field != "service" for c in trace.misses()):
        return RuledOut(f"the port is one that application-default gives {case.application or 'the application'}")
    return None


def ports_text(case: Case) -> str:
    """The default ports of the row's application."""
    application = case.application_of(case.application)
    made = case.engine.catalog.entry(case.application) if case.engine else None
    if isinstance(made, CustomApplication):
        return ", ".join(made.ports) or "no ports"
    if application is None or not application.ports:
        return "ports not known"
    text = ", ".join(application.ports)
    strict = case.at_least(9)  # before 9.0 no application had other ports inside TLS
    if not application.secure_ports or strict is False:
        return text
    return f"{text}; inside TLS {', '.join(application.secure_ports)}{'' if strict else ' from 9.0 on'}"


def unverified_ports(case: Case) -> str | None:
    """What to say where the verdict rests on ports inside TLS that no public document was found for."""
    rests = case.session.decrypted and case.at_least(9) is not False
    if not rests or case.application not in SECURE_PORTS or case.application == "web-browsing":
        return None
    return f"which ports {case.application} has inside TLS is not verified; that they differ from those in clear is documented"
