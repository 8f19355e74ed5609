//go:build linux

// Package tun reads and writes IP packets at TUN devices of Linux, many at a
// time and without waiting, and waits for several of them at once with a
// precise end. It knows no addresses and keeps no packets.
package tun

import (
	"fmt"
	"syscall"
	"unsafe"
)

// Device is one TUN device. It is gone when it is closed, or when the process
// ends.
type Device struct {
	fd int
}

// ifReq is struct ifreq of if_tun.h, as TUNSETIFF takes it.
type ifReq struct {
	name  [syscall.IFNAMSIZ]byte
	flags uint16
	_     [22]byte
}

// Open makes a device of a new name in the namespace of this process. It may be
// moved to another one then.
func Open(name string) (*Device, error) {
	if len(name) >= syscall.IFNAMSIZ {
		return nil, fmt.Errorf("%s: too long for a device's name", name)
	}
	fd, err := syscall.Open("/dev/net/tun", syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	// Packets bare of any header, as there is nothing else to say about them.
	request := ifReq{flags: syscall.IFF_TUN | syscall.IFF_NO_PI | syscall.IFF_TUN_EXCL}
	copy(request.name[:], name)
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TUNSETIFF, uintptr(unsafe.Pointer(&request))); errno != 0 {
		syscall.Close(fd)
		return nil, fmt.Errorf("make the device %s: %w", name, errno)
	}
	return &Device{fd}, nil
}

// Close removes the device.
func (d *Device) Close() error { return syscall.Close(d.fd) }

// Read takes one packet into a buffer, and gives the buffer back and says false
// when none waits. The kernel never blocks here, so Go's scheduler is not told
// of the call.
func (d *Device) Read(buffer []byte) (packet []byte, ok bool) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(d.fd), uintptr(unsafe.Pointer(unsafe.SliceData(buffer))), uintptr(len(buffer)))
	if errno != 0 {
		return buffer, false
	}
	return buffer[:n], true
}

// Write gives one packet to the namespace, and says false when it was refused.
func (d *Device) Write(packet []byte) bool {
	_, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(d.fd), uintptr(unsafe.Pointer(unsafe.SliceData(packet))), uintptr(len(packet)))
	return errno == 0
}
