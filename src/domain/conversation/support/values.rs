use crate::named::named;

named! {
    /// How far a support conversation is.
    pub enum Status {
        /// An agent has to act.
        Open = "open",
        /// Done.
        Resolved = "resolved",
        /// Not yet for an agent.
        Pending = "pending",
        /// Rests until a time, or until the contact writes.
        Snoozed = "snoozed",
    }
}

impl Status {
    /// Whether it is done, or set aside until something happens.
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
    /// Which way a message goes.
    pub enum Direction {
        /// From the contact.
        Incoming = "incoming",
        /// To the contact, or among agents.
        Outgoing = "outgoing",
    }
}

named! {
    /// What sends a message.
    pub enum Sender {
        /// The contact of the conversation.
        Contact = "contact",
        /// An agent or an administrator.
        Person = "person",
        /// A program that speaks for itself.
        Bot = "bot",
        /// The host system.
        Service = "service",
    }
}

named! {
    /// What a message holds.
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
