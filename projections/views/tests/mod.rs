mod activity;
mod chats;
mod explain;
mod list;
mod messages;
mod plans;
mod unread_counts;
mod users;
