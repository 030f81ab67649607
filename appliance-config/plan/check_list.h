/* SPDX-License-Identifier: Apache-2.0 */
/* Every check function, by the file that holds it. The table is in check_table.c; ci/golden shows each at work. */
#ifndef PLAN_CHECK_LIST_H
#define PLAN_CHECK_LIST_H

#include "check.h"

typedef void check_fn(const struct model *model, struct findings *findings);

/* check_config.c: what was typed */
check_fn check_kconfig_line, check_kconfig_unknown, check_kconfig_range, check_kconfig_value, check_kconfig_blocked, check_kconfig_again, check_choice_twice,
	check_cpu_twice, check_device_twice, check_config_board, check_config_version, check_partition_none, check_name_bad, check_name_twice,
	check_name_reserved, check_appliance_name, check_version_word, check_console_key, check_console_size, check_command_line_long,
	check_capability_partition, check_capability_right, check_capability_self, check_capability_twice;

/* check_cpu.c: CPUs and time */
check_fn check_cpu_none, check_cpu_many, check_cpu_siblings, check_slot_empty, check_slot_sum, check_slot_short, check_slot_alone,
	check_heartbeat_slots, check_gic_board;

/* check_board.c: contradictions in board.dts */
check_fn check_board_compatible, check_board_cpu_twice, check_board_cpus, check_board_memory, check_board_firmware, check_board_uart, check_board_overlap;

/* check_image.c: guests' files and where they go in their RAM */
check_fn check_image_unset, check_image_program, check_image_path, check_image_missing, check_image_kind, check_image_damaged, check_image_fits, check_image_place,
	check_image_entry, check_initrd_missing, check_initrd_kind, check_initrd_fits, check_overlay_missing, check_overlay_bad, check_dtb_size,
	check_slot_size, check_component_room;

/* check_device.c: devices that partitions own */
check_fn check_device_dma, check_device_page, check_device_irq_shared, check_device_irq_twice, check_device_irq_hypervisor,
	check_device_irq_kind, check_device_irq_range, check_device_irq_guest, check_device_address, check_device_reference;

/* check_function.c: PCI functions that leave their bus */
check_fn check_board_function, check_board_bar, check_function_page, check_function_room, check_function_bridge, check_function_messages,
	check_function_vectors, check_function_frame, check_function_slots, check_function_program, check_function_serves, check_function_address;

/* check_net.c: ports of the switch */
check_fn check_port_name_bad, check_port_name_twice, check_port_nobody, check_port_io, check_uplink_device, check_nic_name, check_nic_twice,
	check_mac_bad, check_mac_multicast, check_mac_twice, check_port_unknown, check_port_switch, check_port_self, check_mirror_self,
	check_trunk_empty, check_vlan_bad, check_source_bad, check_rule_bad, check_rate_burst, check_rate_slow, check_frames_burst;

/* check_disk.c: virtual disks */
check_fn check_disk_name_bad, check_disk_name_twice, check_disk_nobody, check_disk_io, check_disk_source, check_disk_medium, check_disk_device,
	check_disk_reserved, check_disk_size, check_disk_block, check_disk_serial, check_disk_burst, check_disk_shared, check_disk_room;

/* check_io.c: devices between partitions */
check_fn check_io_self, check_io_cycle, check_io_memory, check_window_room, check_io_irq, check_io_limit, check_forward_bad, check_device_stream;

/* check_pool.c: what I/O partitions see of others */
check_fn check_pool_nobody, check_pool_align, check_pool_large, check_pool_small, check_pool_room, check_pool_kernel;

/* check_cable.c: serial cables */
check_fn check_cable_name_bad, check_cable_name_twice, check_cable_nobody, check_cable_self, check_cable_io, check_io_lines;

/* check_channel.c: shared-memory channels */
check_fn check_channel_name_bad, check_channel_name_twice, check_channel_nobody, check_channel_self, check_channel_size, check_channel_memory,
	check_channel_irq, check_channel_room;

/* Of names of ports and disks, and of hardware ("nic0", "pci:00.03.0"). */
bool io_name_is_good(const char *name);
bool hardware_name_is_good(const char *name, const char *kind);
/* Names of all I/O partitions; "": none. */
const char *io_partitions(const struct model *model);
bool part_has_pci(const struct part *part);

/* check_memory.c: physical memory */
check_fn check_memory_size, check_memory_align, check_memory_absent, check_memory_full, check_memory_overlap, check_memory_firmware,
	check_memory_hypervisor, check_memory_store, check_hypervisor_align, check_hypervisor_absent, check_hypervisor_firmware,
	check_store_align, check_store_absent, check_store_firmware, check_store_hypervisor, check_store_small;

#endif
