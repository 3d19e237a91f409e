//! Streams: opens a response that stays open, and reads its events until a step has those that it needs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::http::{Exchange, MAX_BODY, Reading, ResponseStream, StreamHead, TransportError};
use crate::target::Running;
use crate::verdict::{Judgement, Verdict};
use conformance_suite::jar::Jar;
use conformance_suite::json::Json;
use conformance_suite::matcher::Events;
use conformance_suite::request::Prepared;
use conformance_suite::response::{EventReader, Response, StreamPart};
use conformance_suite::suite::{Awaiting, Opening};
use conformance_suite::template::Scope;

/// The streams of a scenario, by key.
#[derive(Default)]
pub(super) struct Streams(BTreeMap<String, State>);

enum State {
    Open(Box<OpenStream>),
    /// No step can await it, for this reason.
    Missing {
        verdict: Verdict,
        reason: String,
        step: String,
    },
}

/// A stream whose head has been received.
pub(super) struct OpenStream {
    head: StreamHead,
    rest: Rest,
    reader: EventReader,
    /// The origin that it comes from; `None` for the target itself.
    pub(super) at: Option<String>,
}

/// What follows the part of a response that was received.
enum Rest {
    Coming(ResponseStream),
    /// Nothing: the response is complete.
    Complete,
    /// Nothing, although the response is incomplete.
    Broken(TransportError),
}

/// Maximum number of events that a step reads.
const MOST_EVENTS: usize = 10_000;

impl Streams {
    /// Keeps a stream open for later steps.
    pub(super) fn keep(&mut self, opening: &Opening, stream: OpenStream) {
        self.0.insert(opening.key.clone(), State::Open(Box::new(stream)));
    }

    /// Closes a stream whose step did not pass, so that no step awaits it.
    pub(super) fn fail(&mut self, opening: &Opening, judgement: &Judgement) {
        let Opening { key, name, step, .. } = opening;
        let skipped = judgement.verdict == Verdict::Skipped;
        let verdict = if skipped { Verdict::Skipped } else { Verdict::Inconclusive };
        let cause = judgement.reason.as_ref().or(judgement.findings.first().map(|finding| &finding.label));
        let cause = cause.map_or(String::new(), |cause| format!(": {cause}"));
        let reason = format!("step `{step}` did not open the stream `{name}`{cause}");
        self.0.insert(key.clone(), State::Missing { verdict, reason, step: step.clone() });
    }

    /// Returns an open stream.
    pub(super) fn find(&mut self, awaiting: &Awaiting) -> Option<&mut OpenStream> {
        match self.0.get_mut(&awaiting.stream.key) {
            Some(State::Open(stream)) => Some(stream),
            _ => None,
        }
    }

    /// Returns the verdict of a step whose stream is not open, with the reason.
    pub(super) fn skip_reason(&self, awaiting: &Awaiting) -> Option<Judgement> {
        match self.0.get(&awaiting.stream.key) {
            Some(State::Open(_)) => None,
            Some(State::Missing { verdict, reason, step }) => {
                Some(Judgement::because(*verdict, reason.clone()).waiting_for(step))
            }
            None => {
                let reason = format!("no step of this run has opened the stream `{}`", awaiting.stream.name);
                Some(Judgement::because(Verdict::Inconclusive, reason))
            }
        }
    }

    /// Closes all streams.
    pub(super) async fn close(&mut self) {
        for state in std::mem::take(&mut self.0).into_values() {
            if let State::Open(stream) = state {
                stream.close().await;
            }
        }
    }
}

impl OpenStream {
    /// Sends a request and waits for the head of its response. Stores the cookies of the response in the jar.
    ///
    /// # Errors
    /// The exchange, if no head comes.
    pub(super) async fn open(
        running: &Arc<Running>,
        at: Option<&str>,
        request: Prepared,
        jar: Option<&mut Jar>,
    ) -> Result<Self, Box<Exchange>> {
        let (there, origin, mut sent_jar) =
            (Arc::clone(running), at.map(str::to_owned), jar.as_deref().cloned());
        let (head, source) = ResponseStream::open(|feed| async move {
            let http = there.client(origin.as_deref()).unwrap_or(&there.http);
            http.send(request, sent_jar.as_mut(), Reading::Streamed(feed)).await
        })
        .await?;
        if let Some(jar) = jar {
            let http = running.client(at).unwrap_or(&running.http);
            http.keep_cookies(jar, &head.request.target, &head.response);
        }
        let reader = EventReader::new(head.response.header("content-type"));
        Ok(Self { head, rest: Rest::Coming(source), reader, at: at.map(str::to_owned) })
    }

    /// Returns the exchange so far, without a body.
    pub(super) fn head(&self) -> Exchange {
        let stream = Some(Box::default());
        let response = Response { stream, cut: true, ..self.head.response.clone() };
        Exchange::new(self.head.request.clone(), Ok(response))
    }

    /// Returns the exchange with the next events, which come within `limit` after the request, or from now on for a step that sent none.
    pub(super) async fn read(
        &mut self,
        events: &Events,
        scope: &Scope,
        limit: Duration,
        sends: bool,
    ) -> Exchange {
        let began = if sends { Instant::from_std(self.head.began) } else { Instant::now() };
        // A limit beyond the range of the clock never ends.
        let deadline = began.checked_add(limit).unwrap_or(began + Duration::from_secs(u64::from(u32::MAX)));
        let mut part = StreamPart::default();
        if !self.head.response.is_coded() {
            let collecting = self.collect(events, scope, &mut part.events);
            let late = |_| Err(format!("no other within {limit:?}"));
            part.end = timeout_at(deadline, collecting).await.unwrap_or_else(late).err();
        }
        let mut exchange = self.head();
        if let Ok(response) = &mut exchange.outcome {
            response.elapsed = if sends { self.head.began.elapsed() } else { began.elapsed() };
            response.cut = matches!(self.rest, Rest::Coming(_));
            response.body = self.reader.take_bytes(part.end.is_some());
            response.stream = Some(Box::new(part));
        }
        exchange
    }

    /// Reads events until they are enough. Cancelling it loses nothing.
    ///
    /// # Errors
    /// Why there are no more.
    async fn collect(&mut self, events: &Events, scope: &Scope, into: &mut Vec<Json>) -> Result<(), String> {
        loop {
            while let Some(event) = self.reader.next(matches!(self.rest, Rest::Complete))? {
                into.push(event);
                if events.are_enough(into, scope) {
                    return Ok(());
                }
                if into.len() == MOST_EVENTS {
                    return Err(format!("a step reads at most {MOST_EVENTS}"));
                }
            }
            let source = match &mut self.rest {
                Rest::Coming(source) => source,
                Rest::Complete => return Err("the stream ended".to_owned()),
                Rest::Broken(cause) => return Err(cause.to_string()),
            };
            if self.reader.size() > MAX_BODY {
                return Err(format!("a step reads at most {} MiB", MAX_BODY / 1024 / 1024));
            }
            match source.next().await {
                Ok(Some(piece)) => self.reader.add(&piece),
                Ok(None) => self.rest = Rest::Complete,
                Err(transport_error) => self.rest = Rest::Broken(transport_error),
            }
        }
    }

    /// Closes the connection.
    pub(super) async fn close(self) {
        if let Rest::Coming(source) = self.rest {
            source.close().await;
        }
    }
}
