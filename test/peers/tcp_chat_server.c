/*
 * Peer for the chat tests: a TCP server that talks in turns with one client.
 *
 *   tcp_chat_server [ADDRESS [PORT]]        127.0.0.1 8888
 *
 * It takes the first client, then for ever: read(2) once, print it, take one line from standard input with fgets(3),
 * write(2) it as it is. It never closes its side: when the client is gone it only stops talking.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  const char *address = argc > 1 ? argv[1] : "127.0.0.1";
  int port = argc > 2 ? atoi(argv[2]) : 8888;
  setvbuf(stdout, NULL, _IOLBF, 0);

  int listener = socket(AF_INET, SOCK_STREAM, 0);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in self = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  if (listener < 0 || inet_pton(AF_INET, address, &self.sin_addr) != 1 ||
      bind(listener, (struct sockaddr *)&self, sizeof self) != 0 || listen(listener, 20) != 0) {
    perror("tcp_chat_server");
    return 1;
  }
  socklen_t length = sizeof self;
  getsockname(listener, (struct sockaddr *)&self, &length);
  fprintf(stderr, "listening on %s:%d\n", address, ntohs(self.sin_port));

  int conn = accept(listener, NULL, NULL);
  if (conn < 0) {
    perror("accept");
    return 1;
  }
  char heard[1024], answer[1024];
  for (;;) {
    ssize_t count = read(conn, heard, sizeof heard - 1);
    if (count <= 0) {
      printf("Client gone (%zd)\n", count);
      pause();
    }
    heard[count] = '\0';
    printf("Client-> %s", heard);
    if (heard[strlen(heard) ? strlen(heard) - 1 : 0] != '\n') putchar('\n');
    fflush(stdout);
    if (fgets(answer, sizeof answer, stdin) == NULL) pause();
    if (write(conn, answer, strlen(answer)) < 0) perror("write");
  }
}
