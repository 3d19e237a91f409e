//! Makes whole events safe for a terminal.

use conformance_engine::event::{
    Demand, Event, Footer, Header, Identity, LeftOut, Load, Next, Pace, Stale, Standing, Uncovered,
};
use conformance_suite::safe::line;

use super::{lines, optional, record};

/// Returns an event with text that is safe for a terminal.
pub(crate) fn event(event: &Event) -> Event {
    match event {
        Event::Header(one) => Event::Header(header(one)),
        Event::Step(one) => Event::Step(record(one).into()),
        Event::Load(one) => Event::Load(Box::new(load(one))),
        Event::Footer(one) => Event::Footer(footer(one)),
    }
}

fn header(header: &Header) -> Header {
    let Header { version, conformance, started, suite, target, stage, steps, shard, isolation, seed, .. } =
        header;
    let Header { openapi, suite_version, suite_digest, filters, profiles, implementation, .. } = header;
    let environments = header.environments.iter().map(|(profile, variables)| {
        let variables = variables.iter().map(|(name, value)| (line(name), line(value)));
        (line(profile), variables.collect())
    });
    Header {
        version: *version,
        conformance: line(conformance),
        started: line(started),
        suite: line(suite),
        suite_version: suite_version.as_ref().map(|version| line(version)),
        suite_digest: line(suite_digest),
        filters: filters.iter().map(|filter| line(filter)).collect(),
        profiles: profiles.iter().map(|profile| line(profile)).collect(),
        implementation: implementation.as_ref().map(identity),
        target: line(target),
        stage: stage.as_ref().map(|stage| line(stage)),
        steps: *steps,
        shard: shard.clone(),
        isolation: *isolation,
        openapi: openapi.clone(),
        environments: environments.collect(),
        command: optional(header.command.as_ref()),
        seed: *seed,
    }
}

fn identity(identity: &Identity) -> Identity {
    let Identity { name, version, organization, url, language } = identity;
    let safe = |text: &Option<String>| text.as_ref().map(|text| line(text));
    Identity {
        name: safe(name),
        version: safe(version),
        organization: safe(organization),
        url: safe(url),
        language: safe(language),
    }
}

fn load(load: &Load) -> Load {
    let left_out = |one: &LeftOut| LeftOut { scenario: line(&one.scenario), reason: line(&one.reason) };
    Load {
        ended: optional(load.ended.as_ref()),
        left_out: load.left_out.iter().map(left_out).collect(),
        steps: load.steps.iter().map(|pace| Pace { id: line(&pace.id), ..pace.clone() }).collect(),
        ..load.clone()
    }
}

fn footer(footer: &Footer) -> Footer {
    let Footer { steps, requirements, uncovered, stale, next, notes, graded, interrupted, .. } = footer;
    let Footer { openapi, exit, milliseconds, .. } = footer;
    let uncovered = uncovered.iter().map(|one| Uncovered { id: line(&one.id), outcome: one.outcome });
    let stale = stale.iter().map(|one| Stale { at: line(&one.at), message: line(&one.message) });
    Footer {
        steps: steps.clone(),
        requirements: requirements.iter().map(standing).collect(),
        uncovered: uncovered.collect(),
        stale: stale.collect(),
        next: next.as_ref().map(self::next),
        notes: notes.iter().map(|note| lines(note)).collect(),
        openapi: openapi.clone(),
        graded: *graded,
        interrupted: *interrupted,
        exit: *exit,
        milliseconds: *milliseconds,
    }
}

fn standing(standing: &Standing) -> Standing {
    let Standing { id, level, clause, text, verdict, deviates, outcome, reason, points, earned, hidden } =
        standing;
    Standing {
        id: line(id),
        level: *level,
        clause: line(clause),
        text: line(text),
        verdict: *verdict,
        deviates: *deviates,
        outcome: *outcome,
        reason: optional(reason.as_ref()),
        points: *points,
        earned: *earned,
        hidden: *hidden,
    }
}

fn next(next: &Next) -> Next {
    let demand = |one: &Demand| Demand { id: line(&one.id), level: one.level, text: line(&one.text) };
    Next { stage: line(&next.stage), requirements: next.requirements.iter().map(demand).collect() }
}
