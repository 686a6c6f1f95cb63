import Foundation

/// A build of Bochs: what it can do is asked of the program and tried, since builds differ in all of it.
struct Bochs {
  let program: String
  /// Its BIOS and VGA BIOS.
  let roms: (bios: URL, vgabios: URL)
  /// What `--help` prints, the banner and the options.
  let help: [String]
  /// The first CPU model of `preferredModels` it has.
  let model: String?

  /// The name of the release, and what it was built from.
  var version: String {
    let wanted = help.map { $0.trimmingCharacters(in: .whitespaces) }.filter {
      $0.hasPrefix("Bochs x86 Emulator") || $0.hasPrefix("Built from")
    }
    return wanted.isEmpty ? "of unknown version" : wanted.joined(separator: ", ")
  }

  /// A build with the debugger stops before the first instruction, unless it is given commands.
  var hasDebugger: Bool { help.contains { $0.contains("-rc filename") } }

  private static let preferredModels = ["corei7_sandy_bridge_2600k", "core2_penryn_t9600", "bx_generic"]

  /// - Parameter name: the program or the directory it was built in.
  /// - Throws: `BenchError` when there is no such program or it has no BIOS.
  init(_ name: String) throws {
    guard let program = Files.program(Files.isDirectory(name) ? "\(name)/bochs" : name) else {
      throw BenchError("\(name) is not there")
    }
    self.program = program
    roms = try Self.roms(of: program)
    help = try Self.output(of: program, ["--help"])
    let models = Set(try Self.output(of: program, ["--help", "cpu"]))
    model = Self.preferredModels.first { models.contains($0) }
  }

  private static func output(of program: String, _ arguments: [String]) throws -> [String] {
    try Files.withScratch { directory in
      _ = try ChildProcess.run(program, arguments, in: directory, limit: 20)
      return ["stdout", "stderr"].flatMap { Files.lines(directory.appendingPathComponent($0)) }
    }
  }

  /// The firmware of the same build where it has one beside it, else what is installed.
  private static func roms(of program: String) throws -> (bios: URL, vgabios: URL) {
    let home = URL(fileURLWithPath: program).resolvingSymlinksInPath().deletingLastPathComponent()
    let shares = [
      home.appendingPathComponent("bios"),
      home.appendingPathComponent("../share/bochs").standardizedFileURL,
      URL(fileURLWithPath: "/usr/local/share/bochs"),
      URL(fileURLWithPath: "/usr/share/bochs"),
    ]
    let names = ["VGABIOS-lgpl-latest", "VGABIOS-lgpl-latest.bin", "VGABIOS-lgpl/VGABIOS-lgpl-latest.bin"]
    for share in shares {
      let bios = share.appendingPathComponent("BIOS-bochs-latest")
      let vgabios = names.map { share.appendingPathComponent($0) }.first { isFile($0) }
      if isFile(bios), let vgabios {
        return (bios, vgabios)
      }
    }
    throw BenchError("\(program) has no BIOS-bochs-latest and VGABIOS-lgpl-latest in any known place")
  }

  private static func isFile(_ url: URL) -> Bool {
    FileManager.default.fileExists(atPath: url.path) && !Files.isDirectory(url.path)
  }
}

// MARK: - Running

extension Bochs {
  /// Lines of a bochsrc that make a build run where there is no display and no sound card. Which of them a build
  /// takes depends on its plugins, so they are tried in turn.
  private static let displays = [
    ["display_library: nogui"],
    ["display_library: nogui", "sound: driver=dummy"],
    ["display_library: rfb, options=\"timeout=0\"", "sound: driver=dummy"],
    ["display_library: rfb, options=\"timeout=0\""],
  ]

  /// The build as an emulator, tried with the empty guest.
  ///
  /// - Throws: `BenchError` when no display does.
  func emulator(_ role: Emulator.Role, images: URL, limit seconds: Double) throws -> Emulator {
    var failures: [String] = []
    for display in Self.displays {
      let candidate = emulator(role, display: display, configuration: "", images: images)
      do {
        _ = try candidate.run(.empty, limit: seconds)
        return emulator(
          role, display: display, configuration: try configuration(display, images: images, limit: seconds),
          images: images)
      } catch let error as BenchError {
        failures.append("\(display.joined(separator: "; ")): \(error)")
      }
    }
    throw BenchError("\(program) runs with none of its displays: " + failures.joined(separator: "; "))
  }

  private func emulator(
    _ role: Emulator.Role, display: [String], configuration: String, images: URL
  ) -> Emulator {
    Emulator(
      role: role, program: program, version: version, configuration: configuration,
      prepare: { guest, directory in try self.prepare(guest, directory, display, images) },
      serialFile: "com1",
      lastWords: { directory in
        // Its standard error ends with where the log is. Before the log is open a panic goes there.
        let lines = ["stderr", "log"].flatMap { Files.lines(directory.appendingPathComponent($0)) }
        return lines.last { $0.contains("PANIC") }
      },
      // It leaves by its panic, on purpose.
      goodStatus: nil
    )
  }

  /// Links the files of a run into its directory, so that no path needs quoting and a lock that is left behind goes
  /// with the directory, and writes its bochsrc.
  private func prepare(_ guest: Guest, _ directory: URL, _ display: [String], _ images: URL) throws -> [String] {
    let links = [
      "bios": roms.bios, "vgabios": roms.vgabios, "disk": images.appendingPathComponent("\(guest.rawValue).disk"),
    ]
    for (name, target) in links {
      try FileManager.default.createSymbolicLink(
        at: directory.appendingPathComponent(name), withDestinationURL: target)
    }
    let cpu = (model.map { "model=\($0), " } ?? "") + "count=1, ips=50000000, reset_on_triple_fault=0"
    let lines =
      display + [
        "romimage: file=bios",
        "vgaromimage: file=vgabios",
        "memory: guest=64, host=64",
        "cpu: \(cpu)",
        "com1: enabled=1, mode=file, dev=com1",
        "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
        "ata0-master: type=disk, path=disk, mode=flat, cylinders=20, heads=16, spt=63",
        "boot: disk",
        "log: log",
        "panic: action=fatal",
        "error: action=report",
        "info: action=report",
        "debug: action=ignore",
      ]
    try write(lines, to: directory.appendingPathComponent("bochsrc"))
    guard hasDebugger else { return ["-q", "-f", "bochsrc"] }
    try write(["c"], to: directory.appendingPathComponent("commands"))
    return ["-q", "-f", "bochsrc", "-rc", "commands"]
  }

  private func write(_ lines: [String], to url: URL) throws {
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: url)
  }
}

// MARK: - How it was built

extension Bochs {
  /// What the build says of itself in its log, and what the directory it stands in says of how it was configured.
  private func configuration(_ display: [String], images: URL, limit seconds: Double) throws -> String {
    let log = try Files.withScratch { directory in
      _ = try ChildProcess.run(program, try prepare(.empty, directory, display, images), in: directory, limit: seconds)
      return Files.lines(directory.appendingPathComponent("log"))
    }
    let wanted = ["SMP support", "RepeatSpeedups support", "Fast function calls", "Handlers Chaining speedups"]
    var parts = log.compactMap { line in
      wanted.contains { line.contains("\($0):") } ? line.split(separator: "]", maxSplits: 1).last : nil
    }
    .map { $0.trimmingCharacters(in: .whitespaces) }
    parts.append(hasDebugger ? "debugger: yes" : "debugger: no")
    parts.append("model: \(model ?? "its default")")
    parts.append(display.joined(separator: "; "))
    parts += configureLines()
    return parts.joined(separator: "; ")
  }

  private func configureLines() -> [String] {
    let home = URL(fileURLWithPath: program).resolvingSymlinksInPath().deletingLastPathComponent()
    let log = Files.lines(home.appendingPathComponent("config.log"))
    let command = log.first { $0.trimmingCharacters(in: .whitespaces).hasPrefix("$ ") && $0.contains("configure") }
    let flags = log.first { $0.hasPrefix("CXXFLAGS=") }
    return [command, flags].compactMap { $0?.trimmingCharacters(in: .whitespaces) } + commit(of: home)
  }

  /// The commit the build's directory is at, when it is a checkout.
  private func commit(of home: URL) -> [String] {
    let tops = [home, home.deletingLastPathComponent()]
    guard let git = Files.program("git"),
      let top = tops.first(where: {
        FileManager.default.fileExists(atPath: $0.appendingPathComponent(".git").path)
      }),
      let lines = try? Self.output(of: git, ["-C", top.path, "log", "-1", "--format=%h"]),
      let hash = lines.first
    else { return [] }
    return ["commit \(hash)"]
  }
}
