/*
 * Peer for the chat tests: a UDP server that answers each datagram with one line from standard input.
 *
 *   udp_chat_server [ADDRESS [PORT]]        127.0.0.1 8888
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

  int sock = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in self = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  if (sock < 0 || inet_pton(AF_INET, address, &self.sin_addr) != 1 ||
      bind(sock, (struct sockaddr *)&self, sizeof self) != 0) {
    perror("udp_chat_server");
    return 1;
  }
  socklen_t length = sizeof self;
  getsockname(sock, (struct sockaddr *)&self, &length);
  fprintf(stderr, "listening on %s:%d\n", address, ntohs(self.sin_port));

  char heard[1024], answer[1024];
  for (;;) {
    struct sockaddr_in client;
    socklen_t size = sizeof client;
    ssize_t count = recvfrom(sock, heard, sizeof heard - 1, 0, (struct sockaddr *)&client, &size);
    if (count <= 0) continue;
    heard[count] = '\0';
    printf("Client-> %s", heard);
    if (heard[count - 1] != '\n') putchar('\n');
    fflush(stdout);
    if (fgets(answer, sizeof answer, stdin) == NULL) pause();
    sendto(sock, answer, strlen(answer), 0, (struct sockaddr *)&client, size);
  }
}
