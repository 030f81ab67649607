# SPDX-License-Identifier: Apache-2.0
# IP for unikernels: lwIP from its pinned source, and what joins it to a network driver. A program that does not ask for it links none of it.

LWIP_SRCS := $(addprefix core/,init def inet_chksum ip mem memp netif pbuf sys tcp tcp_in tcp_out timeouts udp) \
	$(addprefix core/ipv4/,dhcp etharp icmp ip4 ip4_addr) netif/ethernet
LWIP_OUT := $(O)/pvdrivers/ip-lwip

RUNTIME_CPPFLAGS += -isystem $(LWIP_DIR)/include

$(eval $(call unikernel-lib,ip))
UNIKERNEL_LIBS += $(LWIP_OUT)/liblwip.a

# Not ours, so not our warnings.
$(LWIP_OUT)/%.o: pvdrivers/ip/ip_hooks.h | $(DEP_PICOLIBC) $(DEP_LWIP)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(ARM64_CC) $(RUNTIME_CPPFLAGS) $(RUNTIME_CFLAGS) -w -c -o $@ $(LWIP_DIR)/$*.c

$(LWIP_OUT)/liblwip.a: $(LWIP_SRCS:%=$(LWIP_OUT)/%.o)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(ARM64_AR) crD $@ $^
