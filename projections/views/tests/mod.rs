mod activity;
mod chats;
mod list;
mod messages;
mod plans;
mod served;
mod unread_counts;
mod users;
