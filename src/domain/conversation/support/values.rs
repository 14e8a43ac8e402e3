use crate::named::named;

named! {
    /// The status of a support conversation.
    pub enum Status {
        /// An agent has to act.
        Open = "open",
        /// Done.
        Resolved = "resolved",
        /// Not yet handed over to agents.
        Pending = "pending",
        /// Set aside until a time, or until the contact writes.
        Snoozed = "snoozed",
    }
}

impl Status {
    /// Whether it is resolved or snoozed, so that an incoming message opens it.
    pub fn rests(self) -> bool {
        matches!(self, Self::Resolved | Self::Snoozed)
    }
}

named! {
    /// How urgent a support conversation is.
    pub enum Priority {
        /// Can wait.
        Low = "low",
        /// As usual.
        Medium = "medium",
        /// Soon.
        High = "high",
        /// Now.
        Urgent = "urgent",
    }
}

named! {
    /// The direction of a message.
    pub enum Direction {
        /// From the contact.
        Incoming = "incoming",
        /// To the contact, or among agents.
        Outgoing = "outgoing",
    }
}

named! {
    /// The kind of sender of a message.
    pub enum Sender {
        /// The contact of the conversation.
        Contact = "contact",
        /// An agent or an administrator.
        Person = "person",
        /// A program that acts in its own name.
        Bot = "bot",
        /// The host system.
        Service = "service",
    }
}

named! {
    /// The type of a message's content.
    pub enum ContentType {
        Text = "text",
        InputText = "input_text",
        InputTextarea = "input_textarea",
        InputEmail = "input_email",
        InputSelect = "input_select",
        Cards = "cards",
        Form = "form",
        Article = "article",
        IncomingEmail = "incoming_email",
        InputCsat = "input_csat",
        Integrations = "integrations",
        Sticker = "sticker",
    }
}
