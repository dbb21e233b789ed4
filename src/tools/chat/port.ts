/** The chat's port, in a file of its own for those who only want to tell it. */

export const CHAT_PORT = 8888;
