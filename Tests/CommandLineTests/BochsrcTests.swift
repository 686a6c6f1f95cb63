import Testing

/// `--bochsrc`: lines that have a meaning here take effect, and the others are named.
@Suite struct BochsrcTests {
  private func configuration(_ text: String, _ options: [String] = [], in folder: Folder) throws -> Ended {
    let file = try folder.write(Array(text.utf8), as: "bochsrc")
    return try shootdown(
      ["run", "--bochsrc", file, "--print-config"] + options, environment: ["IMAGES": folder.path])
  }

  @Test func everyLineThatHasAMeaning() throws {
    let folder = try Folder()
    for name in ["a", "b", "c"] { _ = try folder.write(BootSector.echo, as: name) }
    _ = try folder.write(Array("0x1f 1\n".utf8), as: "msrs.def")
    _ = try folder.write([UInt8](repeating: 0, count: 4096), as: "rom")
    let text = """
      # a comment
      cpu: model=corei7_haswell_4770, count=1:2:2, ips=50000000, quantum=5, ignore_bad_msrs=1, msrs="$IMAGES/msrs.def"
      memory: guest=64, host=64
      romimage: file="$IMAGES/rom"
      vgaromimage: file=$IMAGES/rom
      ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
      ata0-master: type=disk, path="$IMAGES/a", mode=flat, cylinders=0
      ata0-slave: type=disk, path="$IMAGES/b"
      ata1-master: type=cdrom, path="$IMAGES/c", status=inserted
      boot: cdrom, disk
      com1: enabled=1, mode=file, dev=$IMAGES/serial
      log: $IMAGES/log
      display_library: nogui
      """
    let ended = try configuration(text, in: folder)
    let path = folder.path
    for line in [
      "model: corei7_haswell_4770", "cpus: 4", "clock: 50000000", "quantum: 5", "ignore-msrs: true", "memory: 64M",
      "bios: \(path)/rom", "vgabios: \(path)/rom", "- \(path)/a\n- \(path)/b", "cdrom: \(path)/c",
      "boot: \"cdrom,disk\"",
      "serial: \(path)/serial", "debug-port: \"402h:\(path)/log\"", "msr: \(path)/msrs.def",
    ] {
      #expect(ended.output.contains(line), "\(line): \(ended)")
    }
  }

  @Test func othersAreNamedAndAllElseGoesBefore() throws {
    let folder = try Folder()
    let text = """
      memory: guest=8, host=8
      magic_break: enabled=1
      cpu: model=bx_generic, mwait_is_nop=1
      mouse: enabled=0
      """
    let file = try folder.write(Array(text.utf8), as: "bochsrc")
    let ended = try shootdown(["guests", "run", "hello", "--bochsrc", file, "--hash", "--memory", "16M"])
    #expect(ended.ending == .status(1) && ended.hashLine?.contains("memory 16M,") == true, "\(ended)")
    for name in [
      "memory: host (line 1)", "magic_break (line 2)", "cpu: model=bx_generic (line 3)", "cpu: mwait_is_nop (line 3)",
      "mouse (line 4)",
    ] {
      #expect(ended.errors.contains(name), "\(name): \(ended)")
    }
  }

  @Test(arguments: [
    "cpu\n", "memory: guest=x\n", "cpu: count=0\n", "cpu: count=1:x\n", "cpu: model=i486\n", "cpu: model=\"x\n",
    "ata0-master: type=disk, path=x, mode=growing\n", "ata0-master: type=tape, path=x\n", "ata0-master: type=disk\n",
    "ata0-master: type=cdrom, path=x\nata0-slave: type=cdrom, path=x\n", "\0\n", "cpu: ips=0\n", "cpu: quantum=x\n",
    "memory: guest=18446744073709551615\n", "com1: enabled=1, mode=file, dev=/nonexistent/file\n",
  ])
  func hostile(_ text: String) throws {
    let folder = try Folder()
    let file = try folder.write(Array(text.utf8), as: "bochsrc")
    try shootdown(["guests", "run", "hello", "--bochsrc", file]).expectMisuse(naming: ["bochsrc"])
  }

  @Test func unreadable() throws {
    for path in ["/nonexistent/bochsrc", "/dev/zero", "/"] {
      try shootdown(["guests", "run", "hello", "--bochsrc", path]).expectMisuse(naming: [path])
    }
  }
}
