import CPU

extension Chipset {
  /// Devices, messages and lines at a moment.
  struct Image {
    fileprivate let queue: EventQueue
    fileprivate let unfinished: (processor: Int, until: UInt64)?
    fileprivate let now: UInt64
    fileprivate let stop: Stop?
    fileprivate let devices: Devices
    fileprivate let typist: Typist
    fileprivate let testMemory: [UInt8]
    fileprivate let videoMemory: [UInt8]
    fileprivate let planes: [UInt8]
    fileprivate let lines: UInt32
    fileprivate let interruptOutput: Bool
    fileprivate let deviceEvent: UInt64?
  }

  /// The chipset now.
  var image: Image {
    Image(
      queue: queue, unfinished: unfinished, now: now, stop: stop, devices: devices, typist: typist,
      testMemory: testMemory.bytes,
      videoMemory: videoMemory.bytes, planes: planes,
      lines: lines,
      interruptOutput: interruptOutput, deviceEvent: deviceEvent)
  }

  /// Becomes what it, or that of another machine, was. Where its serial ports lead to stays.
  func restore(_ image: Image) {
    let (com1, com2) = (devices.com1.transmit, devices.com2.transmit)
    queue = image.queue
    unfinished = image.unfinished
    now = image.now
    stop = image.stop
    devices = image.devices
    typist = image.typist
    devices.com1.transmit = com1
    devices.com2.transmit = com2
    testMemory.bytes = image.testMemory
    videoMemory.bytes = image.videoMemory
    planes = image.planes
    videoChanged()
    lines = image.lines
    interruptOutput = image.interruptOutput
    deviceEvent = image.deviceEvent
  }
}
