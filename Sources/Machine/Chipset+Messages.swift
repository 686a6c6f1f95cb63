import CPU

// Messages between processors, and what their APICs ask of the interrupt controllers.

extension Chipset: InterruptFabric {
  func send(_ message: InterruptMessage, from sender: Processor, at cycle: UInt64) {
    for receiver in receivers(of: message, from: sender) {
      if processors[receiver] === sender {
        sender.receive(message)
      } else {
        if let messageObserver, let from = processors.firstIndex(where: { $0 === sender }) {
          messageObserver.messageSent(message, from: from, to: receiver)
        }
        send(message, to: receiver, at: cycle)
      }
    }
    // What was sent may be the next thing to happen.
    running?.requestStop()
  }

  /// Numbers of the processors that a message is for (SDM Vol. 3, "Lowest Priority Delivery Mode").
  func receivers(of message: InterruptMessage, from sender: Processor?) -> [Int] {
    let matching = processors.indices.filter { index in
      let processor = processors[index]
      switch message.destination {
      case .sender: return processor === sender
      case .everybodyElse where processor === sender: return false
      default: return processor.apic.matches(message)
      }
    }
    guard message.deliveryMode == .lowestPriority else { return matching }
    let accepting = matching.filter { processors[$0].apic.isSoftwareEnabled }
    let lowest = accepting.min { processors[$0].apic.processorPriority < processors[$1].apic.processorPriority }
    return lowest.map { [$0] } ?? []
  }

  func acknowledgeExternal(at cycle: UInt64) -> UInt8 {
    _ = time(of: cycle)
    defer { refresh() }
    return devices.pic.acknowledge()
  }

  func endOfInterrupt(_ vector: UInt8, at cycle: UInt64) {
    _ = time(of: cycle)
    for message in devices.ioapic.endOfInterrupt(vector) { deliver(message) }
  }
}
