import ArgumentParser
import Machine

/// `shootdown run`: runs a machine until a condition.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a machine; COM1 is standard output.")

  @Option(
    help: ArgumentHelp(
      "A Multiboot image, or a flat one, entered in 64-bit mode at 100000h.", valueName: "file"))
  var kernel: String?

  @Option(
    help: ArgumentHelp("A Multiboot module, with its command line behind a space; repeatable.", valueName: "file"))
  var module: [String] = []

  @Option(help: ArgumentHelp("The image's command line.", valueName: "text"))
  var append: String?

  @Option(
    help: ArgumentHelp("Firmware: a raw ROM that ends at 4 GiB and is aliased below 1 MiB.", valueName: "file"))
  var bios: String?

  @Option(help: ArgumentHelp("A raw disk image, from which firmware boots; repeatable, up to 4.", valueName: "file"))
  var disk: [String] = []

  @Option(help: ArgumentHelp("A CD-ROM image, from which firmware boots.", valueName: "file"))
  var cdrom: String?

  @Flag(help: "Write what the guest changes to the disk images; without it, changes are lost at the end.")
  var writable = false

  @Option(
    help: ArgumentHelp(
      "The VGA's firmware, with --disk and --cdrom (default: the system's SeaBIOS).", valueName: "file")
  )
  var vgabios: String?

  @Option(help: ArgumentHelp("The order in which firmware tries drives (default disk,cdrom).", valueName: "order"))
  var boot: String?

  @OptionGroup var machine: MachineSettings
  @OptionGroup var settings: RunSettings
  @OptionGroup var oracle: OracleSettings

  func run() throws {
    let run = try Run(machine: machine, settings: settings, oracle: oracle)
    try run.run(try source())
  }

  /// What starts the machine: of `--kernel`, `--bios` and a machine file's `guest`, the one set where precedence is highest.
  func source() throws -> BootSource {
    let ways = [(kernel, "kernel"), (bios, "bios"), (nil, "guest")]
    if let source = try firmwareBoot() { return source }
    let ranks = try ways.map { try machine.rank($0.0, $0.1) ?? .max }
    let best = ranks.min() ?? .max
    let chosen = ways.indices.filter { ranks[$0] == best }
    guard best < .max, let way = chosen.first else { throw Misuse("run: --kernel FILE is missing") }
    guard chosen.count == 1 else {
      throw Misuse("run: \(chosen.map { ways[$0].1 }.joined(separator: " and ")) exclude each other")
    }
    let setting = try machine.value(ways[way].0, ways[way].1, default: "")
    guard !setting.text.isEmpty else { throw Misuse("run: --kernel FILE is missing") }
    do {
      switch ways[way].1 {
      case "kernel":
        return try BootSource(
          kernel: setting.text, modules: try machine.values(module, "module"), append: try appended(),
          room: try machine.options().memory)
      case "bios":
        guard module.isEmpty, append == nil else { throw Misuse("run: --module and --append go with --kernel") }
        return try BootSource(bios: setting.text)
      default: return try BootSource(guest: setting.text, append: try appended())
      }
    } catch let misuse as Misuse {
      throw setting.from.hasPrefix("--") ? misuse : Misuse("\(setting.from): \(misuse)")
    }
  }

  /// Drives, when there are any.
  private func firmwareBoot() throws -> BootSource? {
    let disks = try machine.values(disk, "disk")
    let compactDisc = try machine.value(cdrom, "cdrom", default: "").text
    guard !disks.isEmpty || !compactDisc.isEmpty else {
      if writable || vgabios != nil || boot != nil {
        throw Misuse("run: --writable, --vgabios and --boot go with --disk and --cdrom")
      }
      return nil
    }
    guard kernel == nil, module.isEmpty, append == nil else {
      throw Misuse("run: --disk and --cdrom are booted by firmware: they do not go with --kernel, --module, --append")
    }
    func set(_ flag: String?, _ name: String) throws -> String? {
      let text = try machine.value(flag, name, default: "").text
      return text.isEmpty ? nil : text
    }
    return try BootSource(
      disks: disks, cdrom: compactDisc.isEmpty ? nil : compactDisc, bios: try set(bios, "bios"),
      videoBIOS: try set(vgabios, "vgabios"), isWritable: try machine.isOn(writable, "writable"), order: try order())
  }

  /// `--boot`; nil is the usual order.
  private func order() throws -> [FirmwareBoot.Medium]? {
    let setting = try machine.value(boot, "boot", default: "")
    guard boot != nil || !setting.text.isEmpty else { return nil }
    let order = setting.text.split(separator: ",", omittingEmptySubsequences: false).compactMap {
      FirmwareBoot.Medium(rawValue: String($0))
    }
    guard order.count == setting.text.split(separator: ",", omittingEmptySubsequences: false).count,
      Set(order).count == order.count
    else { throw Misuse("\(setting.from): '\(setting.text)' is not disk, cdrom or both, with a comma") }
    return order
  }

  private func appended() throws -> String? {
    let setting = try machine.value(append, "append", default: "")
    return setting.text.isEmpty && append == nil ? nil : setting.text
  }
}
