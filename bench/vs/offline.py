# scapy: `FILE MS` -> `packets ns`
import sys
import time

from scapy.all import TCP, PcapReader

path, ms = sys.argv[1], int(sys.argv[2])
count, used, began = 0, 0, time.perf_counter_ns()
for packet in PcapReader(path):
    count += 1
    if TCP in packet:
        tcp = packet[TCP]
        used += tcp.sport + tcp.dport + tcp.seq + tcp.ack + int(tcp.flags) + tcp.window
    if count % 100 == 0 and time.perf_counter_ns() - began > ms * 1_000_000:
        break
print(count, time.perf_counter_ns() - began)
