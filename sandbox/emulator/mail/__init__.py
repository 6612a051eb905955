"""The mailbox: where every mail and text message of the sandbox arrives."""
