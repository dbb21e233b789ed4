/*
 * Peer for the chat tests: a TCP client that talks in turns.
 *
 *   tcp_chat_client [ADDRESS [PORT]]        127.0.0.1 8888
 *
 * For each line of standard input: write(2) it with its newline, then wait in one read(2) for an answer and print that.
 * A server that leaves a line without an answer leaves this program waiting for ever.
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

  int sock = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  if (sock < 0 || inet_pton(AF_INET, address, &server.sin_addr) != 1 ||
      connect(sock, (struct sockaddr *)&server, sizeof server) != 0) {
    perror("tcp_chat_client");
    return 1;
  }
  fprintf(stderr, "connected\n");
  char said[1024], heard[1024];
  while (fgets(said, sizeof said, stdin) != NULL) {
    if (write(sock, said, strlen(said)) < 0) {
      perror("write");
      return 1;
    }
    memset(heard, 0, sizeof heard);
    ssize_t count = read(sock, heard, sizeof heard - 1);
    if (count < 0) {
      perror("read");
      return 1;
    }
    if (count == 0) {
      printf("Server closed\n");
      return 0;
    }
    printf("Server-> %s", heard);
    if (heard[count - 1] != '\n') putchar('\n');
    fflush(stdout);
  }
  close(sock);
  return 0;
}
