import Testing

/// Address line 20 (SDM Vol. 3, "A20M# Pin"): an address above 1 MiB and its neighbour 1 MiB below are one while it is
/// forced low.
@Suite struct A20Tests {
  /// MOV AL, D1h; OUT 64h, AL; MOV AL, value; OUT 60h, AL: the keyboard controller's output port.
  private func outputPort(_ value: UInt8) -> [UInt8] { [0xB0, 0xD1, 0xE6, 0x64, 0xB0, value, 0xE6, 0x60] }

  /// CMP DWORD [address], value; JNE to what ends with status 3.
  private func expect(_ address: UInt64, _ value: UInt64) -> [UInt8] {
    [0x81, 0x3C, 0x25] + ELFFile.little(address, 4) + ELFFile.little(value, 4) + [0x75, 0x02, 0xEB, 0x06]
      + [0xB0, 0x01, 0xE6, 0xF4, 0xEB, 0xFE]
  }

  /// MOV DWORD [address], value.
  private func store(_ address: UInt64, _ value: UInt64) -> [UInt8] {
    [0xC7, 0x04, 0x25] + ELFFile.little(address, 4) + ELFFile.little(value, 4)
  }

  @Test(arguments: [true, false])
  func addressesWrap(usesSystemPort: Bool) throws {
    let folder = try Folder()
    // IN AL, 92h; OR AL, 2; OUT 92h, AL: the other gate opens the line too.
    let other: [UInt8] = usesSystemPort ? [0xE4, 0x92, 0x0C, 0x02, 0xE6, 0x92] : outputPort(0xDF)
    // The code lies at 2 MiB, where bit 20 is 0; the image begins at 1 MiB with MOV EAX, 200000h; JMP RAX.
    var image: [UInt8] = [0xB8] + ELFFile.little(0x20_0000, 4) + [0xFF, 0xE0]
    image += [UInt8](repeating: 0, count: 0x10_0000 - image.count)
    image += store(0x40_0000, 1) + store(0x50_0000, 2) + outputPort(0xDD)
    image += expect(0x50_0000, 1) + store(0x50_0000, 3) + expect(0x40_0000, 3)
    image += other + expect(0x50_0000, 2) + expect(0x40_0000, 3)
    image += [0xB0, 0x00, 0xE6, 0xF4, 0xEB, 0xFE]
    let path = try folder.write(image)
    let ended = try shootdown(["run", "--kernel", path, "--memory", "16M", "--hash"])
    #expect(ended.ending == .status(1), "\(ended)")
    // Host pointers or not, blocks of any size: the same.
    let slow = try shootdown(["run", "--kernel", path, "--memory", "16M", "--hash", "--block-limit", "1"])
    #expect(slow.hashLine == ended.hashLine && ended.hashLine != nil, "\(slow)")
  }
}
