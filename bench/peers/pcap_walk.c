/* The limit: records, Ethernet, VLAN, IPv4, IPv6 and TCP fields of a pcap file in memory. `FILE MS [scan]` → packets ns */
#include "common.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

static uint64_t used;

static uint32_t be16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }
static uint32_t be32(const uint8_t *p) { return be16(p) << 16 | be16(p + 2); }

static void tcp_of(const uint8_t *p, const uint8_t *end) {
  if (p + 20 > end) return;
  used += be16(p) + be16(p + 2) + be32(p + 4) + be32(p + 8) + (be16(p + 12) & 0x1ff) + be16(p + 14);
}

static void packet(const uint8_t *p, const uint8_t *end) {
  if (p + 14 > end) return;
  uint32_t type = be16(p + 12);
  p += 14;
  while ((type == 0x8100 || type == 0x88a8) && p + 4 <= end) type = be16(p + 2), p += 4;
  if (type == 0x0800 && p + 20 <= end) {
    uint32_t header = (p[0] & 15) * 4u;
    used += header;
    if (p[9] == 6 && (be16(p + 6) & 0x1fff) == 0) tcp_of(p + header, end);
  } else if (type == 0x86dd && p + 40 <= end) {
    used += 40;
    if (p[6] == 6) tcp_of(p + 40, end);
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int fd = open(argv[1], O_RDONLY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) < 0) return 1;
  const uint8_t *file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (file == MAP_FAILED) return 1;
  uint64_t count = 0;
  int64_t began = now_ns(), limit = strtoll(argv[2], NULL, 10) * 1000000, spent;
  do {
    for (const uint8_t *p = file + 24, *end = file + st.st_size; p + 16 <= end; count++) {
      uint32_t captured;
      memcpy(&captured, p + 8, 4);
      packet(p + 16, p + 16 + captured);
      p += 16 + captured;
    }
  } while ((spent = now_ns() - began) < limit);
  if (used == 1) return 3;
  printf("%llu %llu\n", (unsigned long long)count, (unsigned long long)spent);
  return 0;
}
