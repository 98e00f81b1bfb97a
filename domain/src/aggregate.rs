//! The thin shim between an aggregate's two pure functions and the cqrs-es trait.
//!
//! `handle` only decides and writes, `apply` only evolves; neither has a rule of its own.

/// Implements `cqrs_es::Aggregate` by `decide` and `evolve`, and `DomainEvent` by `name`.
macro_rules! aggregate {
    ($aggregate:ty, $type:literal, $command:ty, $event:ty, $refusal:ty) => {
        impl cqrs_es::Aggregate for $aggregate {
            const TYPE: &'static str = $type;
            type Command = $command;
            type Event = $event;
            type Error = $refusal;
            type Services = ();

            async fn handle(
                &mut self,
                command: Self::Command,
                (): &Self::Services,
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), Self::Error> {
                for event in self.decide(command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Self::Event) {
                *self = std::mem::take(self).evolve(&event);
            }
        }

        impl cqrs_es::DomainEvent for $event {
            fn event_type(&self) -> String {
                self.name().to_owned()
            }

            fn event_version(&self) -> String {
                crate::event::version_of(self.name()).to_owned()
            }
        }
    };
}

pub(crate) use aggregate;
