mod agents;
mod contact_inboxes;
mod contact_lists;
mod contacts;
mod desk;
mod inbox_members;
mod inboxes;
mod teams;
