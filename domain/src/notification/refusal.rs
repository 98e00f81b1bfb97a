//! The rules' no.

/// Why a command on a notification was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotificationRefusal {
    /// The same event was accepted before.
    #[error("the event was accepted before")]
    AlreadyAccepted,
    /// No such event was ever accepted.
    #[error("no such notification")]
    NotAccepted,
    /// Nothing is planned on this channel.
    #[error("nothing is planned on this channel")]
    NotPlanned,
    /// Somebody else has claimed this attempt, or the delivery has come to its end.
    #[error("the attempt is taken or the delivery has ended")]
    AttemptTaken,
    /// The next attempt is not due yet.
    #[error("the attempt is not due yet")]
    NotDue,
    /// An earlier attempt's outcome is unknown, and the provider is not that attempt's.
    #[error("an earlier attempt's outcome is unknown: only its own provider may be asked again")]
    OtherProvider,
    /// The event came with a key for tests, and the provider is not the sandbox.
    #[error("the event came with a test key: the sandbox alone may carry it")]
    SandboxOnly,
    /// The delivery does not wait for a resend.
    #[error("the delivery waits for no resend")]
    NothingToHold,
    /// The content was not rendered and the command brings none.
    #[error("the delivery is not rendered")]
    NotRendered,
    /// There is no such attempt.
    #[error("no such attempt")]
    NoSuchAttempt,
    /// The attempt's outcome is known already.
    #[error("the attempt's outcome is known")]
    OutcomeKnown,
    /// The claim has not expired, so its outcome may still come.
    #[error("the attempt may still be under way")]
    StillRunning,
    /// No outcome is unknown here.
    #[error("the delivery waits for no decision")]
    NothingToResolve,
    /// The delivery did not end unsent, or ended so for a reason that a redrive does not mend.
    #[error("the delivery is not a dead letter, nor was it skipped for what an operator can mend")]
    NotADeadLetter,
    /// The message is not of use any more.
    #[error("the message has expired")]
    Expired,
    /// The address is suppressed.
    #[error("the address is suppressed")]
    Suppressed,
    /// The recipient was forgotten.
    #[error("the recipient was forgotten")]
    Forgotten,
    /// The delivery was never rendered, and no template of its event type and channel is active.
    #[error("no template of its event type and channel is active")]
    NoTemplate,
    /// The delivery has as many attempts as one may have.
    #[error("the delivery has as many attempts as one may have")]
    TooManyAttempts,
    /// The delivery goes on by itself, has ended, or was put right a while ago.
    #[error("the delivery is not stuck")]
    NotStuck,
    /// The recipient's inbox does not hold it.
    #[error("not in this recipient's inbox")]
    NotInInbox,
}
