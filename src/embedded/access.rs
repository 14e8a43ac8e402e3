/// The permissions of the two users of a private NATS server.
///
/// Each user has a separate NATS account. The reading user sees nothing of our own account's
/// subjects but the services and streams exported here. Permissions within one account would not
/// suffice: a user who may send a request can have the response sent to any subject, and so write
/// where it must not.
#[derive(Debug, Clone)]
pub struct Access {
    /// Subjects that our own user may publish to; it may subscribe to all.
    pub publish: Vec<String>,
    /// Subjects at which the reading user may send requests with one response.
    pub ask: Vec<String>,
    /// Subjects at which it may send requests with several responses.
    pub ask_for_several: Vec<String>,
    /// Subjects of our own account that it may subscribe to.
    pub hear: Vec<String>,
}

/// Everything for our own user, nothing for the reading user.
impl Default for Access {
    fn default() -> Self {
        Self { publish: vec![">".to_owned()], ask: vec![], ask_for_several: vec![], hear: vec![] }
    }
}

pub(crate) const OWN_USER: &str = "colloquy";
pub(crate) const READING_USER: &str = "reader";
/// The account of our own user; also the name of the folder of its streams.
pub(crate) const ACCOUNT: &str = "COLLOQUY";

impl Access {
    /// The `accounts` section of the server's configuration.
    pub(crate) fn configure(&self, password: &str, reading_password: &str) -> String {
        let publish = list(self.publish.iter().map(|subject| format!("\"{subject}\"")));
        let one = self.ask.iter().map(|subject| format!("{{ service: \"{subject}\" }}"));
        let several = self.ask_for_several.iter();
        let several =
            several.map(|subject| format!("{{ service: \"{subject}\", response_type: stream }}"));
        let heard = self.hear.iter().map(|subject| format!("{{ stream: \"{subject}\" }}"));
        let exports = list(one.chain(several).chain(heard));
        let asked = self.ask.iter().chain(&self.ask_for_several);
        let import = |what: &str, subject: &String| {
            format!("{{ {what}: {{ account: {ACCOUNT}, subject: \"{subject}\" }} }}")
        };
        let asked = asked.map(|subject| import("service", subject));
        let imports = list(asked.chain(self.hear.iter().map(|subject| import("stream", subject))));
        format!(
            "accounts {{
  {ACCOUNT} {{
    jetstream: enabled
    users: [{{
      user: {OWN_USER}, password: \"{password}\", permissions: {{ publish: {{ allow: {publish} }} }}
    }}]
    exports: {exports}
  }}
  READERS {{
    users: [{{ user: {READING_USER}, password: \"{reading_password}\" }}]
    imports: {imports}
  }}
}}
"
        )
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    let lines: String = items.map(|item| format!("\n      {item}")).collect();
    format!("[{lines}\n    ]")
}
