//! Sends the request of a step, or reads the next events of a stream that an earlier step opened.

use std::sync::Arc;

use super::exchange::Exchanges;
use super::stream::OpenStream;
use crate::http::{Exchange, Reading};
use crate::target::Running;
use conformance_suite::jar::Jar;
use conformance_suite::request::Prepared;
use conformance_suite::suite::{Awaiting, Branch, StepDefinition, StepRequests};
use conformance_suite::template::{Scope, TemplateError};

impl Exchanges<'_> {
    /// Sends the only request of a step, or reads the events that it awaits. `is_described` says whether a description of the API needs
    /// the whole body. None if the step has neither, or its stream is not open.
    ///
    /// # Errors
    /// An expression has no value in this scope. In that case nothing was sent.
    pub(super) async fn send(
        &mut self,
        definition: &StepDefinition,
        running: &Arc<Running>,
        jar: Option<&mut Jar>,
        scope: &Scope,
        is_described: bool,
    ) -> Result<Option<Exchange>, TemplateError> {
        let branch = match &definition.sent {
            StepRequests::One(branch) => branch,
            StepRequests::Await(awaiting) => return Ok(self.next_events(awaiting, scope).await),
            StepRequests::Race(_) | StepRequests::Execution(_) => return Ok(None),
        };
        let prepared = branch.request.prepare(scope)?;
        if definition.is_stream() {
            return Ok(Some(self.stream(definition, branch, running, prepared, jar, scope).await));
        }
        let reads = branch.reads_the_body() || is_described;
        let reading = if reads { Reading::Whole } else { Reading::Beginning };
        let http = running.client(branch.request.at.as_deref()).unwrap_or(&running.http);
        Ok(Some(http.send(prepared, jar, reading).await))
    }

    /// Sends a request, and reads its response up to the head if the step opens a stream, or else up to the expected events.
    async fn stream(
        &mut self,
        definition: &StepDefinition,
        branch: &Branch,
        running: &Arc<Running>,
        request: Prepared,
        jar: Option<&mut Jar>,
        scope: &Scope,
    ) -> Exchange {
        let own = request.transfer.as_ref().and_then(|transfer| transfer.timeout);
        let limit = own.unwrap_or(self.timeout());
        let mut stream = match OpenStream::open(running, branch.request.at.as_deref(), request, jar).await {
            Ok(stream) => stream,
            Err(exchange) => return *exchange,
        };
        if let Some(opening) = &definition.opens {
            let exchange = stream.head();
            self.streams.keep(opening, stream);
            return exchange;
        }
        let exchange = match &branch.expectation.events {
            Some(events) => stream.read(events, scope, limit, true).await,
            None => stream.head(),
        };
        stream.close().await;
        exchange
    }

    /// Reads the next events of a stream. None if it is not open.
    async fn next_events(&mut self, awaiting: &Awaiting, scope: &Scope) -> Option<Exchange> {
        let limit = awaiting.timeout.unwrap_or(self.timeout());
        let stream = self.streams.find(awaiting)?;
        let events = awaiting.expectation.events.as_ref()?;
        Some(stream.read(events, scope, limit, false).await)
    }
}
