/** Our sockets in Node's shapes: streams, names, connecting and serving. */
export {};
