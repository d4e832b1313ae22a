"""What each EC2 operation names: its resource types, in the notation of `declared`, and the operations that take them.

The action has the operation's name. From the service authorization reference, with the types that a call both names
and creates told apart: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

from __future__ import annotations

OPERATIONS_BY_TOKENS: dict[str, str] = {
    "+fpga-image": "CopyFpgaImage CreateFpgaImage",
    "+image": "CreateRestoreImageTask",
    "application-status-check": "DeleteApplicationStatusCheck",
    "application-status-check instance?": "AssociateApplicationStatusCheck DisassociateApplicationStatusCheck",
    "application-status-check security-group? subnet?": "CreateApplicationStatusCheck ModifyApplicationStatusCheck",
    "capacity-manager-data-export": "CreateCapacityManagerDataExport DeleteCapacityManagerDataExport",
    "capacity-reservation": """
        AcceptCapacityReservationBillingOwnership AssociateCapacityReservationBillingOwner CreateCapacityReservation
        DescribeCapacityBlockExtensionOfferings DisassociateCapacityReservationBillingOwner
        GetCapacityReservationUsage GetGroupsForCapacityReservation ModifyCapacityReservation
        MoveCapacityReservationInstances PurchaseCapacityBlock PurchaseCapacityBlockExtension
        RejectCapacityReservationBillingOwnership UpdateInterruptibleCapacityReservationAllocation
    """,
    "capacity-reservation +capacity-reservation": """
        CreateCapacityReservationBySplitting CreateInterruptibleCapacityReservationAllocation
    """,
    "capacity-reservation capacity-reservation-cancellation-quote": "CreateCapacityReservationCancellationQuote",
    "capacity-reservation capacity-reservation-cancellation-quote?": "CancelCapacityReservation",
    "capacity-reservation-fleet": """
        CancelCapacityReservationFleets CreateCapacityReservationFleet ModifyCapacityReservationFleet
    """,
    "capacity-reservation? instance": "ModifyInstanceCapacityReservationAttributes",
    "carrier-gateway": "DeleteCarrierGateway",
    "carrier-gateway vpc": "CreateCarrierGateway",
    "certificate": "GetAssociatedEnclaveCertificateIamRoles",
    "certificate role": "AssociateEnclaveCertificateIamRole DisassociateEnclaveCertificateIamRole",
    "client-vpn-endpoint": """
        AuthorizeClientVpnIngress DeleteClientVpnEndpoint DescribeClientVpnAuthorizationRules
        DescribeClientVpnConnections DescribeClientVpnRoutes DescribeClientVpnTargetNetworks
        DisassociateClientVpnTargetNetwork ExportClientVpnClientCertificateRevocationList
        ExportClientVpnClientConfiguration ImportClientVpnClientCertificateRevocationList RevokeClientVpnIngress
        TerminateClientVpnConnections
    """,
    "client-vpn-endpoint security-group vpc": "ApplySecurityGroupsToClientVpnTargetNetwork",
    "client-vpn-endpoint security-group? transit-gateway? vpc?": "CreateClientVpnEndpoint ModifyClientVpnEndpoint",
    "client-vpn-endpoint subnet?": "AssociateClientVpnTargetNetwork CreateClientVpnRoute DeleteClientVpnRoute",
    "coip-pool": """
        CreateCoipCidr CreateCoipPoolPermission DeleteCoipCidr DeleteCoipPool DeleteCoipPoolPermission
        GetCoipPoolUsage
    """,
    "coip-pool local-gateway-route-table": "CreateCoipPool",
    "customer-gateway": "CreateCustomerGateway DeleteCustomerGateway",
    ("customer-gateway transit-gateway? transit-gateway-attachment? vpn-concentrator? vpn-connection vpn-gateway?"): """
        CreateVpnConnection
    """,
    "declarative-policies-report": "CancelDeclarativePoliciesReport GetDeclarativePoliciesReportSummary",
    "dedicated-host": "AllocateHosts ModifyHosts PurchaseHostReservation ReleaseHosts",
    "dedicated-host? instance placement-group?": "ModifyInstancePlacement",
    "dhcp-options": "CreateDhcpOptions DeleteDhcpOptions",
    "dhcp-options vpc": "AssociateDhcpOptions",
    "egress-only-internet-gateway": "DeleteEgressOnlyInternetGateway",
    "egress-only-internet-gateway vpc": "CreateEgressOnlyInternetGateway",
    "elastic-ip": """
        AcceptAddressTransfer DisableAddressTransfer EnableAddressTransfer ModifyAddressAttribute ReleaseAddress
        ResetAddressAttribute
    """,
    "elastic-ip ipam-pool? ipv4pool-ec2?": "AllocateAddress",
    "elastic-ip natgateway": "AssociateNatGatewayAddress",
    "elastic-ip natgateway network-interface?": "DisassociateNatGatewayAddress",
    "elastic-ip instance? network-interface?": "AssociateAddress",
    "elastic-ip? natgateway subnet? vpc?": "CreateNatGateway",
    "elastic-ip? network-interface?": "DisassociateAddress",
    "export-image-task image": "ExportImage",
    "export-image-task? export-instance-task?": "CancelExportTask",
    "export-instance-task instance": "CreateInstanceExportTask",
    "fleet": "DeleteFleets DescribeFleetHistory DescribeFleetInstances",
    "fleet image? launch-template? subnet?": "ModifyFleet",
    "fpga-image": "DeleteFpgaImage DescribeFpgaImageAttribute ModifyFpgaImageAttribute ResetFpgaImageAttribute",
    "group? instance license-configuration?": "StartInstances",
    "image": """
        AttachImageWatermark CancelImageLaunchPermission CreateStoreImageTask DeregisterImage DescribeImageAttribute
        DetachImageWatermark DisableFastLaunch DisableImage DisableImageDeprecation
        DisableImageDeregistrationProtection EnableImage EnableImageDeprecation EnableImageDeregistrationProtection
        GetImageAncestry ModifyImageAttribute ReplaceImageInstanceTypeSpecification ResetImageAttribute
        RestoreImageFromRecycleBin
    """,
    "image image-usage-report": "CreateImageUsageReport",
    "image import-image-task snapshot?": "ImportImage",
    "image instance snapshot": "CreateImage",
    "image launch-template?": "EnableFastLaunch",
    "image snapshot?": "RegisterImage",
    "image-usage-report": "DeleteImageUsageReport",
    "image? instance replace-root-volume-task snapshot? volume": "CreateReplaceRootVolumeTask",
    "import-image-task? import-snapshot-task?": "CancelImportTask",
    "import-snapshot-task snapshot": "ImportSnapshot",
    "instance": """
        DescribeInstanceAttribute DisableApplicationStatusCheckSuppression DisableInstanceSqlHaStandbyDetections
        DisassociateIamInstanceProfile EnableApplicationStatusCheckSuppression EnableInstanceSqlHaStandbyDetections
        GetConsoleOutput GetConsoleScreenshot GetInstanceTpmEkPub GetInstanceUefiData GetLaunchTemplateData
        GetPasswordData ModifyInstanceCpuOptions ModifyInstanceCreditSpecification ModifyInstanceEventStartTime
        ModifyInstanceMaintenanceOptions ModifyInstanceMetadataOptions ModifyInstanceNetworkPerformanceOptions
        ModifyPrivateDnsNameOptions MonitorInstances RebootInstances ReportInstanceStatus ResetInstanceAttribute
        SendDiagnosticInterrupt SendSpotInstanceInterruptions StopInstances TerminateInstances UnmonitorInstances
    """,
    "instance mac-modification-task": """
        CreateDelegateMacVolumeOwnershipTask CreateMacSystemIntegrityProtectionModificationTask
    """,
    "instance network-interface": "AttachNetworkInterface DetachNetworkInterface",
    "instance security-group vpc": "AttachClassicLinkVpc",
    "instance security-group? subnet? volume": "ImportInstance",
    "instance security-group? volume?": "ModifyInstanceAttribute",
    "instance snapshot volume": "CreateSnapshots",
    "instance volume": "AttachVolume",
    "instance vpc": "DetachClassicLinkVpc",
    "instance-connect-endpoint": "DeleteInstanceConnectEndpoint",
    "instance-connect-endpoint security-group?": "ModifyInstanceConnectEndpoint",
    "instance-connect-endpoint security-group? subnet": "CreateInstanceConnectEndpoint",
    "instance-event-window": """
        AssociateInstanceEventWindow CreateInstanceEventWindow DeleteInstanceEventWindow
        DisassociateInstanceEventWindow ModifyInstanceEventWindow
    """,
    (
        "instance? internet-gateway? network-insights-path network-interface? transit-gateway? vpc-endpoint? "
        "vpc-endpoint-service? vpc-peering-connection? vpn-gateway?"
    ): """
        CreateNetworkInsightsPath
    """,
    "instance? network-interface security-group? subnet?": "ModifyNetworkInterfaceAttribute",
    "instance? volume": "DetachVolume PauseVolumeIO",
    "internet-gateway": "CreateInternetGateway DeleteInternetGateway",
    "internet-gateway vpc": "AttachInternetGateway DetachInternetGateway",
    "internet-gateway? ipv4pool-ec2? ipv6pool-ec2? route-table +subnet vpn-gateway?": "ReplaceRouteTableAssociation",
    "internet-gateway? ipv4pool-ec2? ipv6pool-ec2? route-table? subnet? vpn-gateway?": "DisassociateRouteTable",
    "internet-gateway? ipv4pool-ec2? route-table subnet? vpn-gateway?": "AssociateRouteTable",
    "ipam": "CreateIpam DeleteIpam DeprovisionIpamByoasn GetIpamRouteProtectionFindings ModifyIpam ProvisionIpamByoasn",
    "ipam ipam-external-resource-verification-token": "CreateIpamExternalResourceVerificationToken",
    "ipam ipam-internet-registry-association": "CreateIpamInternetRegistryAssociation",
    "ipam ipam-policy": "CreateIpamPolicy",
    "ipam ipam-prefix-list-resolver ipam-scope?": "CreateIpamPrefixListResolver",
    "ipam ipam-resource-discovery +ipam-resource-discovery-association": "AssociateIpamResourceDiscovery",
    "ipam ipam-scope": "CreateIpamScope",
    "ipam-external-resource-verification-token": "DeleteIpamExternalResourceVerificationToken",
    "ipam-external-resource-verification-token? ipam-pool": "ProvisionIpamPoolCidr",
    "ipam-internet-registry-association": """
        BatchModifyIpamRoutingPolicyRegistrations CreateIpamRoutingPolicyRegistration
        DeleteIpamInternetRegistryAssociation DeleteIpamRoutingPolicyRegistration
        EnableIpamInternetRegistryAssociation GetIpamInternetRegistryAssociationAsns
        GetIpamInternetRegistryAssociationCidrs GetIpamRouteOriginAuthorizations
        GetIpamRoutingPolicyRegistrationDeltas GetIpamRoutingPolicyRegistrations ModifyIpamRoutingPolicyRegistration
    """,
    "ipam-policy": """
        DeleteIpamPolicy DisableIpamPolicy EnableIpamPolicy GetIpamPolicyAllocationRules
        GetIpamPolicyOrganizationTargets
    """,
    "ipam-policy ipam-pool?": "ModifyIpamPolicyAllocationRules",
    "ipam-pool": """
        DeleteIpamPool DeprovisionIpamPoolCidr GetIpamPoolAllocations GetIpamPoolCidrs ImportByoipCidrToIpam
        ModifyIpamPool MoveByoipCidrToIpam ReleaseIpamPoolAllocation
    """,
    "ipam-pool ipam-pool-allocation?": "AllocateIpamPoolCidr",
    "ipam-pool ipv4pool-ec2": "ProvisionPublicIpv4PoolCidr",
    "ipam-pool-allocation": "ModifyIpamPoolAllocation",
    "ipam-pool? +ipam-pool ipam-scope": "CreateIpamPool",
    "ipam-pool? ipam-scope": "GetIpamResourceCidrs",
    "ipam-pool? ipv6pool-ec2? vpc": "AssociateVpcCidrBlock CreateVpc",
    "ipam-pool? placement-group? verified-access-group?": "DeleteResourcePolicy GetResourcePolicy PutResourcePolicy",
    "ipam-pool? subnet": "AssociateSubnetCidrBlock",
    "ipam-pool? subnet vpc": "CreateSubnet",
    "ipam-prefix-list-resolver": """
        DeleteIpamPrefixListResolver GetIpamPrefixListResolverRules GetIpamPrefixListResolverVersionEntries
        GetIpamPrefixListResolverVersions
    """,
    "ipam-prefix-list-resolver ipam-prefix-list-resolver-target": "CreateIpamPrefixListResolverTarget",
    "ipam-prefix-list-resolver ipam-scope?": "ModifyIpamPrefixListResolver",
    "ipam-prefix-list-resolver-target": "DeleteIpamPrefixListResolverTarget ModifyIpamPrefixListResolverTarget",
    "ipam-resource-discovery": """
        CreateIpamResourceDiscovery DeleteIpamResourceDiscovery GetIpamDiscoveredAccounts
        GetIpamDiscoveredPublicAddresses GetIpamDiscoveredResourceCidrs GetIpamDiscoveredRoutes
        ModifyIpamResourceDiscovery
    """,
    "ipam-resource-discovery-association": "DisassociateIpamResourceDiscovery",
    "ipam-scope": "DeleteIpamScope GetIpamAddressHistory ModifyIpamResourceCidr ModifyIpamScope",
    "ipv4pool-ec2": "CreatePublicIpv4Pool DeletePublicIpv4Pool DeprovisionPublicIpv4PoolCidr",
    "ipv6pool-ec2": "GetAssociatedIpv6PoolCidrs",
    "key-pair": "CreateKeyPair DeleteKeyPair ImportKeyPair",
    "launch-template": """
        CreateLaunchTemplate CreateLaunchTemplateVersion DeleteLaunchTemplate DeleteLaunchTemplateVersions
        ModifyLaunchTemplate
    """,
    "launch-template? spot-fleet-request subnet?": "ModifySpotFleetRequest",
    "local-gateway local-gateway-route-table": "CreateLocalGatewayRouteTable",
    "local-gateway local-gateway-virtual-interface-group": "CreateLocalGatewayVirtualInterfaceGroup",
    "local-gateway-route-table": """
        CreateLocalGatewayRouteTablePermission DeleteLocalGatewayRouteTable DeleteLocalGatewayRouteTablePermission
        SearchLocalGatewayRoutes
    """,
    (
        "local-gateway-route-table local-gateway-route-table-virtual-interface-group-association "
        "local-gateway-virtual-interface-group"
    ): """
        CreateLocalGatewayRouteTableVirtualInterfaceGroupAssociation
    """,
    "local-gateway-route-table local-gateway-route-table-vpc-association vpc": """
        CreateLocalGatewayRouteTableVpcAssociation
    """,
    "local-gateway-route-table local-gateway-virtual-interface-group? network-interface? prefix-list?": """
        CreateLocalGatewayRoute ModifyLocalGatewayRoute
    """,
    "local-gateway-route-table prefix-list?": "DeleteLocalGatewayRoute",
    "local-gateway-route-table-virtual-interface-group-association": """
        DeleteLocalGatewayRouteTableVirtualInterfaceGroupAssociation
    """,
    "local-gateway-route-table-vpc-association": "DeleteLocalGatewayRouteTableVpcAssociation",
    "local-gateway-virtual-interface": "DeleteLocalGatewayVirtualInterface",
    "local-gateway-virtual-interface local-gateway-virtual-interface-group outpost-lag": """
        CreateLocalGatewayVirtualInterface
    """,
    "local-gateway-virtual-interface-group": "DeleteLocalGatewayVirtualInterfaceGroup",
    "natgateway": """
        AssignPrivateNatGatewayAddress AttachApplianceToNatGateway DeleteNatGateway DetachApplianceFromNatGateway
        UnassignPrivateNatGatewayAddress
    """,
    "network-acl": "CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry",
    "network-acl subnet": "ReplaceNetworkAclAssociation",
    "network-acl vpc": "CreateNetworkAcl",
    "network-insights-access-scope": """
        CreateNetworkInsightsAccessScope DeleteNetworkInsightsAccessScope GetNetworkInsightsAccessScopeContent
    """,
    "network-insights-access-scope network-insights-access-scope-analysis": "StartNetworkInsightsAccessScopeAnalysis",
    "network-insights-access-scope-analysis": """
        DeleteNetworkInsightsAccessScopeAnalysis GetNetworkInsightsAccessScopeAnalysisFindings
    """,
    "network-insights-analysis": "DeleteNetworkInsightsAnalysis",
    "network-insights-analysis network-insights-path": "StartNetworkInsightsAnalysis",
    "network-insights-path": "DeleteNetworkInsightsPath",
    "network-interface": """
        AssignIpv6Addresses AssignPrivateIpAddresses CreateNetworkInterfacePermission DeleteNetworkInterface
        DeleteNetworkInterfacePermission ModifyPublicIpDnsNameOptions ResetNetworkInterfaceAttribute
        UnassignIpv6Addresses UnassignPrivateIpAddresses
    """,
    "network-interface security-group? subnet": "CreateNetworkInterface",
    "network-interface traffic-mirror-filter traffic-mirror-session traffic-mirror-target": """
        CreateTrafficMirrorSession
    """,
    "network-interface transit-gateway-multicast-domain": """
        RegisterTransitGatewayMulticastGroupMembers RegisterTransitGatewayMulticastGroupSources
    """,
    "network-interface? security-group? subnet? verified-access-endpoint verified-access-group": """
        CreateVerifiedAccessEndpoint
    """,
    "network-interface? traffic-mirror-target vpc-endpoint?": "CreateTrafficMirrorTarget",
    "network-interface? transit-gateway-multicast-domain?": """
        DeregisterTransitGatewayMulticastGroupMembers DeregisterTransitGatewayMulticastGroupSources
    """,
    "placement-group": """
        AttachResourcesToPlacementGroup CreatePlacementGroup DeletePlacementGroup DetachResourcesFromPlacementGroup
    """,
    "prefix-list": """
        CreateManagedPrefixList DeleteManagedPrefixList GetManagedPrefixListAssociations GetManagedPrefixListEntries
        ModifyManagedPrefixList RestoreManagedPrefixListVersion
    """,
    "prefix-list transit-gateway-attachment? transit-gateway-route-table": """
        CreateTransitGatewayPrefixListReference ModifyTransitGatewayPrefixListReference
    """,
    "prefix-list transit-gateway-route-table": "DeleteTransitGatewayPrefixListReference",
    "prefix-list? security-group security-group-rule": "ModifySecurityGroupRules",
    "reserved-instances": """
        AcceptReservedInstancesExchangeQuote DeleteQueuedReservedInstances GetReservedInstancesExchangeQuote
        ModifyReservedInstances
    """,
    "route-server": """
        CreateRouteServer DeleteRouteServer GetRouteServerAssociations GetRouteServerRoutingDatabase
        ModifyRouteServer
    """,
    "route-server route-server-endpoint subnet": "CreateRouteServerEndpoint",
    "route-server route-table": "DisableRouteServerPropagation EnableRouteServerPropagation",
    "route-server route-table?": "GetRouteServerPropagations",
    "route-server vpc": "AssociateRouteServer DisassociateRouteServer",
    "route-server-endpoint": "DeleteRouteServerEndpoint",
    "route-server-endpoint route-server-peer": "CreateRouteServerPeer",
    "route-server-peer": "DeleteRouteServerPeer",
    "route-table": "CreateRoute DeleteRoute DeleteRouteTable ReplaceRoute",
    "route-table vpc": "CreateRouteTable",
    "route-table vpn-gateway": "DisableVgwRoutePropagation EnableVgwRoutePropagation",
    "route-table? security-group? subnet? vpc-endpoint": "ModifyVpcEndpoint",
    "secondary-network": "CreateSecondaryNetwork DeleteSecondaryNetwork",
    "secondary-network secondary-subnet": "CreateSecondarySubnet",
    "secondary-subnet": "DeleteSecondarySubnet",
    "security-group": """
        DeleteSecurityGroup DescribeSecurityGroupReferences RevokeSecurityGroupEgress RevokeSecurityGroupIngress
        UpdateSecurityGroupRuleDescriptionsEgress UpdateSecurityGroupRuleDescriptionsIngress
        ValidateSecurityGroupQuotasForInterface
    """,
    "security-group vpc": "AssociateSecurityGroupVpc",
    "security-group vpc?": "CreateSecurityGroup DisassociateSecurityGroupVpc",
    "snapshot": """
        DeleteSnapshot DescribeSnapshotAttribute DisableFastSnapshotRestores EnableFastSnapshotRestores LockSnapshot
        ModifySnapshotAttribute ModifySnapshotTier ResetSnapshotAttribute RestoreSnapshotFromRecycleBin
        RestoreSnapshotTier UnlockSnapshot
    """,
    "snapshot volume": "CreateSnapshot",
    "snapshot? volume": "CreateVolume",
    "spot-fleet-request": "CancelSpotFleetRequests DescribeSpotFleetInstances DescribeSpotFleetRequestHistory",
    "spot-instances-request": "CancelSpotInstanceRequests",
    "subnet": "CreateSubnetCidrReservation DeleteSubnet DisassociateSubnetCidrBlock ModifySubnetAttribute",
    "subnet transit-gateway transit-gateway-attachment vpc": "CreateTransitGatewayVpcAttachment",
    "subnet transit-gateway-attachment transit-gateway-multicast-domain": """
        AssociateTransitGatewayMulticastDomain DisassociateTransitGatewayMulticastDomain
    """,
    "subnet? transit-gateway-attachment": "ModifyTransitGatewayVpcAttachment",
    "subnet? verified-access-endpoint verified-access-group?": "ModifyVerifiedAccessEndpoint",
    "subnet? vpc? vpc-block-public-access-exclusion": "CreateVpcBlockPublicAccessExclusion",
    "traffic-mirror-filter": """
        CreateTrafficMirrorFilter DeleteTrafficMirrorFilter ModifyTrafficMirrorFilterNetworkServices
    """,
    "traffic-mirror-filter traffic-mirror-filter-rule": """
        CreateTrafficMirrorFilterRule DeleteTrafficMirrorFilterRule ModifyTrafficMirrorFilterRule
    """,
    "traffic-mirror-filter? traffic-mirror-session traffic-mirror-target?": "ModifyTrafficMirrorSession",
    "traffic-mirror-session": "DeleteTrafficMirrorSession",
    "traffic-mirror-target": "DeleteTrafficMirrorTarget",
    "transit-gateway": "CreateTransitGateway DeleteTransitGateway",
    "transit-gateway transit-gateway-attachment? transit-gateway-metering-policy": "CreateTransitGatewayMeteringPolicy",
    "transit-gateway transit-gateway-multicast-domain": "CreateTransitGatewayMulticastDomain",
    "transit-gateway transit-gateway-policy-table": "CreateTransitGatewayPolicyTable",
    "transit-gateway transit-gateway-route-table": "CreateTransitGatewayRouteTable",
    "transit-gateway transit-gateway-route-table?": "ModifyTransitGateway",
    "transit-gateway-attachment": """
        AcceptTransitGatewayClientVpnAttachment AcceptTransitGatewayPeeringAttachment
        AcceptTransitGatewayVpcAttachment DeleteTransitGatewayClientVpnAttachment DeleteTransitGatewayConnect
        DeleteTransitGatewayPeeringAttachment DeleteTransitGatewayVpcAttachment
        RejectTransitGatewayClientVpnAttachment RejectTransitGatewayPeeringAttachment
        RejectTransitGatewayVpcAttachment
    """,
    "transit-gateway-attachment +transit-gateway-attachment": "CreateTransitGatewayConnect",
    "transit-gateway-attachment transit-gateway-connect-peer": "CreateTransitGatewayConnectPeer",
    "transit-gateway-attachment transit-gateway-policy-table": """
        AssociateTransitGatewayPolicyTable DisassociateTransitGatewayPolicyTable
    """,
    "transit-gateway-attachment transit-gateway-route-table": """
        AssociateTransitGatewayRouteTable DisassociateTransitGatewayRouteTable
    """,
    "transit-gateway-attachment transit-gateway-route-table transit-gateway-route-table-announcement": """
        CreateTransitGatewayRouteTableAnnouncement
    """,
    "transit-gateway-attachment? transit-gateway-metering-policy": """
        CreateTransitGatewayMeteringPolicyEntry ModifyTransitGatewayMeteringPolicy
    """,
    "transit-gateway-attachment? transit-gateway-multicast-domain?": """
        AcceptTransitGatewayMulticastDomainAssociations RejectTransitGatewayMulticastDomainAssociations
    """,
    "transit-gateway-attachment? transit-gateway-route-table": "CreateTransitGatewayRoute ReplaceTransitGatewayRoute",
    "transit-gateway-attachment? transit-gateway-route-table transit-gateway-route-table-announcement?": """
        DisableTransitGatewayRouteTablePropagation EnableTransitGatewayRouteTablePropagation
    """,
    "transit-gateway-connect-peer": "DeleteTransitGatewayConnectPeer",
    "transit-gateway-metering-policy": """
        DeleteTransitGatewayMeteringPolicy DeleteTransitGatewayMeteringPolicyEntry
        GetTransitGatewayMeteringPolicyEntries
    """,
    "transit-gateway-multicast-domain": """
        DeleteTransitGatewayMulticastDomain GetTransitGatewayMulticastDomainAssociations
        SearchTransitGatewayMulticastGroups
    """,
    "transit-gateway-policy-table": """
        DeleteTransitGatewayPolicyTable DeleteTransitGatewayPolicyTableEntry
        GetTransitGatewayPolicyTableAssociations GetTransitGatewayPolicyTableEntries
    """,
    "transit-gateway-policy-table transit-gateway-route-table": "CreateTransitGatewayPolicyTableEntry",
    "transit-gateway-policy-table transit-gateway-route-table?": "ModifyTransitGatewayPolicyTableEntry",
    "transit-gateway-route-table": """
        DeleteTransitGatewayRoute DeleteTransitGatewayRouteTable SearchTransitGatewayRoutes
    """,
    "transit-gateway-route-table-announcement": "DeleteTransitGatewayRouteTableAnnouncement",
    "transit-gateway=transitgatewayid +transit-gateway-attachment": "CreateTransitGatewayPeeringAttachment",
    "transit-gateway? vpn-concentrator": "CreateVpnConcentrator",
    "verified-access-endpoint": """
        DeleteVerifiedAccessEndpoint GetVerifiedAccessEndpointPolicy GetVerifiedAccessEndpointTargets
        ModifyVerifiedAccessEndpointPolicy
    """,
    "verified-access-group": "DeleteVerifiedAccessGroup GetVerifiedAccessGroupPolicy ModifyVerifiedAccessGroupPolicy",
    "verified-access-group verified-access-instance": "CreateVerifiedAccessGroup",
    "verified-access-group verified-access-instance?": "ModifyVerifiedAccessGroup",
    "verified-access-instance": """
        AssociateVerifiedAccessInstanceWebAcl CreateVerifiedAccessInstance DeleteVerifiedAccessInstance
        DisassociateVerifiedAccessInstanceWebAcl ExportVerifiedAccessInstanceClientConfiguration
        GetVerifiedAccessInstanceWebAcl ModifyVerifiedAccessInstance
        ModifyVerifiedAccessInstanceLoggingConfiguration
    """,
    "verified-access-instance verified-access-trust-provider": """
        AttachVerifiedAccessTrustProvider DetachVerifiedAccessTrustProvider
    """,
    "verified-access-trust-provider": """
        CreateVerifiedAccessTrustProvider DeleteVerifiedAccessTrustProvider ModifyVerifiedAccessTrustProvider
    """,
    "volume": """
        DeleteVolume DescribeVolumeAttribute EnableVolumeIO ImportVolume InjectVolumeIOLatency ModifyVolume
        ModifyVolumeAttribute RestoreVolumeFromRecycleBin
    """,
    "volume +volume": "CopyVolumes",
    "vpc": """
        CreateOdbNetworkPeering DeleteOdbNetworkPeering DeleteVpc DescribeVpcAttribute DisableVpcClassicLink
        DisableVpcClassicLinkDnsSupport DisassociateVpcCidrBlock EnableVpcClassicLink EnableVpcClassicLinkDnsSupport
        GetSecurityGroupsForVpc GetVpcResourcesBlockingEncryptionEnforcement ModifyOdbNetworkPeering
        ModifyVpcAttribute ModifyVpcTenancy
    """,
    "vpc vpc-encryption-control": "CreateVpcEncryptionControl",
    "vpc vpc-peering-connection": "CreateVpcPeeringConnection",
    "vpc vpn-gateway": "AttachVpnGateway DetachVpnGateway",
    "vpc-block-public-access-exclusion": "DeleteVpcBlockPublicAccessExclusion ModifyVpcBlockPublicAccessExclusion",
    "vpc-encryption-control": "DeleteVpcEncryptionControl ModifyVpcEncryptionControl",
    "vpc-endpoint": "DeleteVpcEndpoints",
    "vpc-endpoint-service": """
        AcceptVpcEndpointConnections DeleteVpcEndpointServiceConfigurations
        DescribeVpcEndpointServicePermissions ModifyVpcEndpointPayerResponsibility
        ModifyVpcEndpointServicePayerResponsibility
        ModifyVpcEndpointServicePermissions RejectVpcEndpointConnections
        StartVpcEndpointServicePrivateDnsVerification
    """,
    "vpc-endpoint? vpc-endpoint-service?": """
        CreateVpcEndpointConnectionNotification DeleteVpcEndpointConnectionNotifications
        ModifyVpcEndpointConnectionNotification
    """,
    "vpc-flow-log": "DeleteFlowLogs GetFlowLogsIntegrationTemplate",
    "vpc-peering-connection": "DeleteVpcPeeringConnection ModifyVpcPeeringConnectionOptions RejectVpcPeeringConnection",
    "vpn-concentrator": "DeleteVpnConcentrator",
    "vpn-connection": """
        CreateVpnConnectionRoute DeleteVpnConnection DeleteVpnConnectionRoute GetActiveVpnTunnelStatus
        GetVpnTunnelReplacementStatus ModifyVpnConnection ModifyVpnConnectionOptions ModifyVpnTunnelCertificate
        ModifyVpnTunnelOptions ReplaceVpnTunnel
    """,
    "vpn-connection vpn-connection-device-type": "GetVpnConnectionDeviceSampleConfiguration",
    "vpn-gateway": "CreateVpnGateway DeleteVpnGateway",
}
"""Operations by the tokens of what they name; the lists are separated by white space."""
