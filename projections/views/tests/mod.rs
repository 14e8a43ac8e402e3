mod activity;
mod chats;
mod list;
mod messages;
mod plans;
mod unread_counts;
mod users;
