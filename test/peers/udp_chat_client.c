/*
 * Peer for the chat tests: a UDP client; each line of standard input is one datagram (newline included), then it waits
 * for one datagram back.
 *
 *   udp_chat_client [ADDRESS [PORT]]        127.0.0.1 8888
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
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  if (sock < 0 || inet_pton(AF_INET, address, &server.sin_addr) != 1) {
    perror("udp_chat_client");
    return 1;
  }
  char said[1024], heard[1024];
  while (fgets(said, sizeof said, stdin) != NULL) {
    if (sendto(sock, said, strlen(said), 0, (struct sockaddr *)&server, sizeof server) < 0) {
      perror("sendto");
      return 1;
    }
    memset(heard, 0, sizeof heard);
    ssize_t count = recvfrom(sock, heard, sizeof heard - 1, 0, NULL, NULL);
    if (count > 0) {
      printf("Server-> %s", heard);
      if (heard[count - 1] != '\n') putchar('\n');
      fflush(stdout);
    }
  }
  close(sock);
  return 0;
}
